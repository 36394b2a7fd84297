import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import * as grpc from '@grpc/grpc-js';
import {
  type ApiKeyId,
  accounting,
  encodePack,
  encodeSealedPayload,
  encodeTelemetry,
  type OrgId,
  type SealedPayloadRecord,
  type Telemetry,
  uuidBytes,
} from '@lethe/contracts';
import {
  type EventLogProducer,
  type EventLogRecord,
  openEventLogProducer,
  type TopicName,
} from '@lethe/event-log';
import { readEventLogMigrations } from '@lethe/event-log/migrations';
import { applyMigrations } from '@lethe/postgres-server';
import {
  callMetadata,
  callUnary,
  createLogger,
  newToken,
  Opaque,
  type RunningService,
  readConfig,
  tokenSha256,
} from '@lethe/service-kit';
import { freePort } from '@lethe/test-servers';
import type postgres from 'postgres';
import { startAccounting } from '../app.js';
import { configSchema } from '../config.js';
import { type AccountingDatabase, startAccountingDatabase } from './accounting-database.contract.js';
import { type Neighbours, startNeighbours } from './neighbours.contract.js';
import type { TransitPublic } from './samples.contract.js';

const eventLogDatabase = 'event_log';
const telemetryTopic = 'lethe.insight.telemetry.v1';
const payloadTopic = 'lethe.insight.payload.v1';

/** The whole service, on real databases, logs and sockets, with what surrounds it. */
export interface ServiceBench {
  readonly db: AccountingDatabase;
  readonly logSql: postgres.Sql;
  readonly neighbours: Neighbours;
  readonly base: string;
  /** Every line the service logged. */
  readonly lines: string[];
  readonly launch: Readonly<Record<string, unknown>>;
  /** A member that `change` has as undefined is left out. */
  start(change?: Readonly<Record<string, unknown>>): Promise<RunningService>;
  get(path: string, token?: string): Promise<Response>;
  openOrg(orgId: OrgId): Promise<boolean>;
  sealOrg(orgId: OrgId, version: bigint): Promise<bigint>;
  /** Seals and shreds; returns when the history was shredded. */
  shredOrg(orgId: OrgId, version: bigint): Promise<bigint>;
  putKey(orgId: OrgId, apiKeyId: ApiKeyId, logging: boolean, version?: bigint): Promise<void>;
  /** The newest public half that was registered for the organization, as a router would hold it. */
  transitKeyOf(orgId: OrgId): Promise<TransitPublic>;
  publishTelemetry(...records: readonly Telemetry[]): Promise<void>;
  publishPack(pack: Buffer): Promise<void>;
  publishPayload(...records: readonly SealedPayloadRecord[]): Promise<void>;
  stop(): Promise<void>;
}

/** Polls until the question is answered; a test never guesses how long something takes. */
export const until = async <T>(
  ask: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> => {
  for (let i = 0; i < 1500; i += 1) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    await sleep(20);
  }
  throw new Error('it never happened');
};

const controlClient = (address: string, credential: string) => {
  const client = new accounting.AccountingControlClient(address, grpc.credentials.createInsecure());
  const metadata = callMetadata(new Opaque(credential));
  const deadlineMs = 10_000;
  const seal = (orgId: OrgId, version: bigint, shredHistory: boolean) =>
    callUnary(
      client.sealOrg.bind(client),
      { orgId: uuidBytes(orgId), version, shredHistory },
      metadata,
      deadlineMs,
    );
  return {
    openOrg: async (orgId: OrgId) =>
      (await callUnary(client.openOrg.bind(client), { orgId: uuidBytes(orgId) }, metadata, deadlineMs))
        .sealed,
    sealOrg: async (orgId: OrgId, version: bigint) => (await seal(orgId, version, false)).sealedVersion,
    shredOrg: async (orgId: OrgId, version: bigint) => (await seal(orgId, version, true)).shreddedAtMs,
    putKey: async (orgId: OrgId, apiKeyId: ApiKeyId, logging: boolean, version = 1n) => {
      const ids = { apiKeyId: uuidBytes(apiKeyId), orgId: uuidBytes(orgId), groupId: Buffer.alloc(0) };
      const request = { apiKeys: [{ ...ids, logging, version }] };
      await callUnary(client.putApiKeys.bind(client), request, metadata, deadlineMs);
    },
    close: () => client.close(),
  };
};

/** Publishes as a router does: an attempt may fail or be stored all the same, so it repeats until acknowledged. */
const routerOf = (url: string) => {
  let opened: EventLogProducer | undefined;
  const publish = async (topic: TopicName, records: readonly EventLogRecord[]): Promise<void> => {
    opened ??= await openEventLogProducer({ kind: 'postgres', url });
    const producer = opened;
    await until(() => producer.publish(topic, records).catch(() => undefined));
  };
  const publishPack = (pack: Buffer): Promise<void> => publish(telemetryTopic, [{ key: null, value: pack }]);
  return {
    publishPack,
    publishTelemetry: (...records: readonly Telemetry[]) =>
      publishPack(encodePack(records.map(encodeTelemetry))),
    publishPayload: (...records: readonly SealedPayloadRecord[]) =>
      publish(
        payloadTopic,
        records.map((record) => ({ key: Buffer.from(record.orgId), value: encodeSealedPayload(record) })),
      ),
    close: async () => opened?.close(),
  };
};

interface LaunchInputs {
  readonly db: AccountingDatabase;
  readonly neighbours: Neighbours;
  readonly logUrl: string;
  readonly adminCredential: string;
}

const makeLaunch = async ({ db, neighbours, logUrl, adminCredential }: LaunchInputs) => {
  const log = { kind: 'postgres', url: logUrl, pollIntervalMs: 50 };
  return {
    host: '127.0.0.1',
    restPort: await freePort(),
    grpcPort: await freePort(),
    serviceCredential: neighbours.credential,
    callers: { 'admin-config': tokenSha256(adminCredential).toString('hex') },
    telemetryDatabase: { url: db.urls.telemetry },
    payloadDatabase: { url: db.urls.payload },
    readDatabase: { url: db.urls.read },
    controlDatabase: { url: db.urls.control },
    adminConfigGrpc: neighbours.address,
    auditGrpc: neighbours.address,
    telemetryLog: log,
    payloadLog: log,
    transitWrappingKey: randomBytes(32).toString('hex'),
    atRestRootKey: randomBytes(32).toString('hex'),
  };
};

export const startServiceBench = async (): Promise<ServiceBench> => {
  const db = await startAccountingDatabase();
  const logSql = await db.server.createDatabase(eventLogDatabase);
  await applyMigrations(logSql, { owner: 'lethe_owner', migrations: await readEventLogMigrations() });
  const neighbours = await startNeighbours();
  const logUrl = (await db.server.login('lethe_accounting_log')).url(eventLogDatabase);
  const adminCredential = newToken('lethe_svc_');
  const launch = await makeLaunch({ db, neighbours, logUrl, adminCredential });
  const base = `http://${launch.host}:${launch.restPort}`;
  const control = controlClient(`${launch.host}:${launch.grpcPort}`, adminCredential);
  const router = routerOf((await db.server.login('lethe_router_log')).url(eventLogDatabase));
  const lines: string[] = [];
  return {
    db,
    logSql,
    neighbours,
    base,
    lines,
    launch,
    start: (change = {}) => {
      const given = Object.entries({ ...launch, ...change }).filter(([, value]) => value !== undefined);
      return startAccounting(
        readConfig(configSchema, Object.fromEntries(given)),
        createLogger('accounting', (line) => lines.push(line)),
      );
    },
    get: (path, token) =>
      fetch(`${base}${path}`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
    openOrg: control.openOrg,
    sealOrg: control.sealOrg,
    shredOrg: control.shredOrg,
    putKey: control.putKey,
    transitKeyOf: (orgId) =>
      until(() => {
        const found = neighbours.registered.findLast((key) => key.orgId === orgId);
        return found?.transitKeyId === undefined
          ? undefined
          : { transitKeyId: found.transitKeyId, publicKey: found.publicKey };
      }),
    publishTelemetry: router.publishTelemetry,
    publishPack: router.publishPack,
    publishPayload: router.publishPayload,
    stop: async () => {
      control.close();
      await router.close();
      await neighbours.stop();
      await db.stop();
    },
  };
};
