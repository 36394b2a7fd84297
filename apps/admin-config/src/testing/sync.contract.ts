import { randomBytes } from 'node:crypto';
import * as grpc from '@grpc/grpc-js';
import { identity, uuidText, policy as wire } from '@lethe/contracts';
import {
  callMetadata,
  callUnary,
  createLogger,
  newToken,
  Opaque,
  serveGrpc,
  tokenSha256,
} from '@lethe/service-kit';
import type { SealOrg } from '../domain/zdr.js';
import { identityService } from '../grpc/identity-service.js';
import { policySyncService } from '../grpc/policy-sync-service.js';
import { PolicyDriver } from '../policy-sync/driver.js';
import type { LeaseFact } from '../policy-sync/driver-calls.js';
import { watchChanges } from '../policy-sync/watch-policy.js';
import { eventually } from './eventually.contract.js';
import type { Replica } from './world.contract.js';

export const simAccount: wire.ProviderAccount = {
  providerAccountId: 'sim-1',
  provider: 'sim',
  baseUrl: 'http://127.0.0.1:1',
  credential: 'provider-credential',
  orgId: Buffer.alloc(0),
  region: '',
};

/** The gRPC face of one replica, on a port. */
export interface Face {
  readonly address: string;
  readonly driver: PolicyDriver;
  readonly facts: LeaseFact[];
  readonly credentials: Readonly<Record<'router' | 'accounting' | 'audit', Opaque<string>>>;
  readonly logLines: string[];
  readonly reports: wire.Report[];
  close(): Promise<void>;
}

export interface FaceOptions {
  readonly sealOrg?: SealOrg;
  readonly leaseTtlMs?: number;
}

export const serveFace = async (replica: Replica, options: FaceOptions = {}): Promise<Face> => {
  const logLines: string[] = [];
  const log = createLogger('admin-config', (line) => logLines.push(line));
  const { database, deps, authenticator } = replica;
  const reports: wire.Report[] = [];
  const facts: LeaseFact[] = [];
  const driver = new PolicyDriver({
    ...deps,
    log,
    sealOrg: options.sealOrg ?? (async () => undefined),
    count: (fact) => facts.push(fact),
    providerAccounts: [simAccount],
    leaseTtlMs: options.leaseTtlMs ?? 10_000,
  });
  await driver.refresh();
  const watch = watchChanges(database, log, () => driver.refresh());
  const tokens = {
    router: newToken('lethe_svc_'),
    accounting: newToken('lethe_svc_'),
    audit: newToken('lethe_svc_'),
  };
  const session = { driver, log, report: (_id: string, report: wire.Report) => reports.push(report) };
  const server = await serveGrpc({
    host: '127.0.0.1',
    port: 0,
    credentials: {
      router: tokenSha256(tokens.router),
      accounting: tokenSha256(tokens.accounting),
      audit: tokenSha256(tokens.audit),
    },
    services: [policySyncService(deps, session), identityService({ authenticator, database, log })],
  });
  return {
    address: `127.0.0.1:${server.port}`,
    driver,
    facts,
    credentials: {
      router: new Opaque(tokens.router),
      accounting: new Opaque(tokens.accounting),
      audit: new Opaque(tokens.audit),
    },
    logLines,
    reports,
    close: async () => {
      watch.close();
      driver.close();
      await server.close();
    },
  };
};

type Part = NonNullable<wire.AdminMessage['message']>;
type ValueOf<K extends Part['$case']> = Extract<Part, { $case: K }>['value'];

/** A router's end of the stream: what it was sent, and the state that follows from it. */
export class TestRouter {
  readonly parts: Part[] = [];
  status: grpc.status | undefined;
  readonly #client: wire.PolicySyncClient;
  readonly #stream: grpc.ClientDuplexStream<wire.RouterMessage, wire.AdminMessage>;

  constructor(
    face: Face,
    readonly bootId = randomBytes(16),
    credential = face.credentials.router,
  ) {
    this.#client = new wire.PolicySyncClient(face.address, grpc.credentials.createInsecure());
    this.#stream = this.#client.sync(callMetadata(credential));
    this.#stream.on('data', ({ message }: wire.AdminMessage) => {
      if (message !== undefined) this.parts.push(message);
    });
    this.#stream.on('error', (error: grpc.ServiceError) => {
      this.status = error.code;
    });
    this.#stream.on('end', () => {
      this.status ??= grpc.status.OK;
    });
  }

  send(message: NonNullable<wire.RouterMessage['message']>): void {
    this.#stream.write({ message });
  }

  hello(haveVersion = 0n, more: Partial<wire.Hello> = {}): void {
    const value = {
      routerId: 'router-1',
      bootId: this.bootId,
      haveVersion,
      preflightSha256: Buffer.alloc(0),
      schemaVersion: 1,
      ...more,
    };
    this.send({ $case: 'hello', value });
  }

  /** Stops reading, as a router that hangs. */
  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  /** The first part of a kind that is not looked at yet, and everything before it is. */
  next<K extends Part['$case']>(kind: K): Promise<ValueOf<K>> {
    return eventually<ValueOf<K>>(async () => {
      const index = this.parts.findIndex(({ $case }) => $case === kind);
      if (index < 0) return undefined;
      const part = this.parts.splice(0, index + 1)[index];
      return part?.value as ValueOf<K>;
    });
  }

  ended(): Promise<grpc.status> {
    return eventually(() => this.status);
  }

  close(): void {
    this.#stream.cancel();
    this.#client.close();
  }
}

/** Registers a transit key as accounting does. */
export const registerTransitKey = async (
  face: Face,
  request: { orgId: Buffer; transitKeyId: Buffer; publicKey: Buffer },
  credential = face.credentials.accounting,
): Promise<bigint> => {
  const client = new wire.PolicySyncClient(face.address, grpc.credentials.createInsecure());
  try {
    const call = client.registerTransitKey.bind(client);
    return (await callUnary(call, request, callMetadata(credential), 5000)).version;
  } finally {
    client.close();
  }
};

/** Asks who a token belongs to, as accounting does. */
export const askIdentity = async (
  face: Face,
  token: string,
  { credential = face.credentials.accounting, sourceIp = '' } = {},
): Promise<identity.AuthenticateResponse> => {
  const client = new identity.IdentityClient(face.address, grpc.credentials.createInsecure());
  try {
    const request = { tokenSha256: tokenSha256(token), sourceIp };
    return await callUnary(client.authenticate.bind(client), request, callMetadata(credential), 5000);
  } finally {
    client.close();
  }
};

export const idText = (bytes: Uint8Array): string => uuidText(bytes) ?? '';
