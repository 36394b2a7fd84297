import * as grpc from '@grpc/grpc-js';
import { accounting, audit, uuidText } from '@lethe/contracts';
import { newToken, Opaque, serveGrpc, tokenSha256 } from '@lethe/service-kit';
import { type AuditPeer, auditFace, newAuditPeer } from './audit-peer.contract.js';

/** One call that arrived, in order over both services. */
export interface ReceivedCall {
  readonly method: 'append' | 'openOrg' | 'sealOrg' | 'putApiKeys';
  readonly id: string;
  readonly body: Buffer;
}

/** Audit and accounting as a real gRPC server that notes what it gets and can fail. */
export interface Peers {
  readonly address: string;
  readonly credential: Opaque<string>;
  readonly audit: AuditPeer;
  readonly received: ReceivedCall[];
  /** How many of the next calls of audit or accounting fail before they are noted. */
  readonly failures: { audit: number; accounting: number };
  /** How many of the next calls are noted, and then answered with an error: the acknowledgement got lost. */
  readonly lostAnswers: { audit: number; accounting: number };
  close(): Promise<void>;
}

type Callback<T> = (error: { code: grpc.status } | null, response?: T) => void;

/** Starts the peers on a port, 0 for a free one. */
export const startPeers = async (port = 0, credential = newToken('lethe_svc_')): Promise<Peers> => {
  const received: ReceivedCall[] = [];
  const failures = { audit: 0, accounting: 0 };
  const lostAnswers = { audit: 0, accounting: 0 };
  const take = <T>(service: 'audit' | 'accounting', call: ReceivedCall, done: Callback<T>, response: T) => {
    if (failures[service] > 0) {
      failures[service] -= 1;
      done({ code: grpc.status.UNAVAILABLE });
      return;
    }
    received.push(call);
    if (lostAnswers[service] > 0) {
      lostAnswers[service] -= 1;
      done({ code: grpc.status.UNAVAILABLE });
      return;
    }
    done(null, response);
  };
  const idOf = (bytes: Uint8Array): string => uuidText(bytes) ?? '';
  const auditPeer = newAuditPeer();
  const auditServer = auditFace(auditPeer, ({ id, body }, done) => {
    if (failures.audit === 0) auditPeer.events.push(id);
    const response = { index: BigInt(auditPeer.events.length - 1), proof: '', checkpoint: '' };
    take('audit', { method: 'append', id, body }, done, response);
  });
  const accountingServer: accounting.AccountingControlServer = {
    openOrg: ({ request }, done) =>
      take(
        'accounting',
        { method: 'openOrg', id: idOf(request.orgId), body: Buffer.alloc(0) },
        done as Callback<unknown>,
        { sealed: false },
      ),
    sealOrg: ({ request }, done) =>
      take(
        'accounting',
        { method: 'sealOrg', id: idOf(request.orgId), body: Buffer.alloc(0) },
        done as Callback<unknown>,
        { sealedVersion: request.version, shreddedAtMs: 0n },
      ),
    putApiKeys: ({ request }, done) =>
      take(
        'accounting',
        {
          method: 'putApiKeys',
          id: request.apiKeys.map((key) => idOf(key.apiKeyId)).join(),
          body: Buffer.from(accounting.PutApiKeysRequest.encode(request).finish()),
        },
        done as Callback<unknown>,
        {},
      ),
  };
  const server = await serveGrpc({
    host: '127.0.0.1',
    port,
    credentials: { 'admin-config': tokenSha256(credential) },
    services: [
      { definition: audit.AuditService, implementation: auditServer },
      { definition: accounting.AccountingControlService, implementation: accountingServer },
    ],
  });
  return {
    address: `127.0.0.1:${server.port}`,
    credential: new Opaque(credential),
    audit: auditPeer,
    received,
    failures,
    lostAnswers,
    close: () => server.close(),
  };
};
