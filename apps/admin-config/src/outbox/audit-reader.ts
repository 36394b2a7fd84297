import * as grpc from '@grpc/grpc-js';
import { audit, type OrgId, type Uuid, uuidBytes, uuidText } from '@lethe/contracts';
import {
  callMetadata,
  callUnary,
  channelTo,
  GrpcCallError,
  type Secret,
  type TlsIdentity,
} from '@lethe/service-kit';

const tombstonesDeadlineMs = 10_000;
const tombstonesMax = 1_000_000;
const timeMsMax = 8_640_000_000_000_000n;

/** What the anchors of the audit log know: this organization gave payload up for ever. */
export interface Tombstone {
  readonly orgId: OrgId;
  readonly enabledAt: Date;
  readonly eventId: Uuid;
  readonly shredHistory: boolean;
}

/** What admin-config asks audit. Rejects with GrpcCallError. */
export interface AuditReader {
  /** The tlog-proof of an event against the newest checkpoint. */
  proofOf(eventId: Uuid, deadlineMs: number): Promise<string>;
  tombstones(): Promise<readonly Tombstone[]>;
  /** Ends what is being read. */
  close(): void;
}

/** A tombstone that cannot be read makes the whole list unreadable: none of them may be passed over. */
const tombstoneOf = ({ orgId, enabledAtMs, eventId, shredHistory }: audit.Tombstone): Tombstone => {
  const [org, event] = [uuidText(orgId), uuidText(eventId)];
  if (org === undefined || event === undefined || enabledAtMs > timeMsMax)
    throw new GrpcCallError(grpc.status.DATA_LOSS);
  return { orgId: org, enabledAt: new Date(Number(enabledAtMs)), eventId: event, shredHistory };
};

const readTombstones = (call: grpc.ClientReadableStream<audit.Tombstone>): Promise<Tombstone[]> =>
  new Promise((resolve, reject) => {
    const found: Tombstone[] = [];
    call.on('data', (tombstone: audit.Tombstone) => {
      try {
        if (found.length >= tombstonesMax) throw new GrpcCallError(grpc.status.RESOURCE_EXHAUSTED);
        found.push(tombstoneOf(tombstone));
      } catch (error) {
        reject(error);
        call.cancel();
      }
    });
    call.on('error', ({ code }: grpc.ServiceError) => reject(new GrpcCallError(code)));
    call.on('end', () => resolve(found));
  });

export const createAuditReader = (address: string, credential: Secret, tls?: TlsIdentity): AuditReader => {
  const client = new audit.AuditClient(address, channelTo('audit', tls), {
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2000,
  });
  const metadata = callMetadata(credential);
  const calls = new Set<grpc.ClientReadableStream<audit.Tombstone>>();
  return {
    proofOf: async (eventId, deadlineMs) => {
      const request = { eventId: uuidBytes(eventId) };
      return (await callUnary(client.getProof.bind(client), request, metadata, deadlineMs)).proof;
    },
    tombstones: async () => {
      const call = client.listTombstones({}, metadata, { deadline: Date.now() + tombstonesDeadlineMs });
      calls.add(call);
      try {
        return await readTombstones(call);
      } finally {
        calls.delete(call);
      }
    },
    close: () => {
      for (const call of calls) call.cancel();
      client.close();
    },
  };
};
