import type { ApiKeyId, GroupId, OrgId, Telemetry } from '@lethe/contracts';
import { newUuidV7 } from '@lethe/contracts';
import type { ObjectReader } from '@lethe/object-store';
import {
  createLogger,
  createMetrics,
  LetheError,
  type ManagementPrincipal,
  type ManagementRole,
} from '@lethe/service-kit';
import { createUsageStore } from '../analytics/usage-store.js';
import type { ConsumerState } from '../consume/topic-consumer.js';
import { createRestApp } from '../rest/rest-app.js';
import { createIngestStore } from '../store/ingest-store.js';
import { type QueuedEvent, queueAuditEvent } from '../store/outbox-store.js';
import { createRequestStore } from '../store/request-store.js';
import { guarded } from '../store/store-error.js';
import { insertTelemetryStatement, telemetryRowsJson } from '../store/telemetry-columns.js';
import { createRawRequestOpener } from '../vault/open-raw-request.js';
import { type IngestionBench, startIngestionBench } from './ingestion-bench.contract.js';
import { openTestObjects, type TestObjects } from './object-store.contract.js';
import { sealedSample, storedPayload, type TransitPublic } from './samples.contract.js';

interface Reader {
  readonly role: ManagementRole;
  readonly orgId?: OrgId;
  readonly ownApiKeyIds?: readonly ApiKeyId[];
  readonly adminGroupIds?: readonly GroupId[];
}

/** The REST face over a real database; `as` asks like a token of that reader would. */
export interface RestBench extends IngestionBench {
  readonly lines: string[];
  /** Where each call came from, as the identity service was told. */
  readonly addresses: readonly (string | undefined)[];
  readonly objects: TestObjects;
  readonly rawRefusals: readonly string[];
  /** Set: queueing an audit event fails like a database that is away. */
  queueFails: boolean;
  as(reader: Reader | undefined, path: string): Promise<Response>;
  store(...rows: readonly Telemetry[]): Promise<void>;
  /** Ingests a payload that says `said` for a stored row. */
  attach(row: Telemetry, to: TransitPublic, said: string): Promise<void>;
  queued(): Promise<readonly string[]>;
}

/** What admin-config says of every reader. */
export const testDigests = { emailDigest: 'e'.repeat(43), ipDigest: 'i'.repeat(43) } as const;

const states: readonly ConsumerState[] = [
  {
    topic: 'lethe.insight.telemetry.v1',
    working: true,
    lagRecords: 3,
    lastBatchAtMs: Date.now(),
    waitingSinceMs: Date.now(),
  },
  {
    topic: 'lethe.insight.payload.v1',
    working: true,
    lagRecords: undefined,
    lastBatchAtMs: undefined,
    waitingSinceMs: undefined,
  },
];

/** `store` stands in for the object store beside the database. */
export const startRestBench = async (store?: ObjectReader): Promise<RestBench> => {
  const ingestion = await startIngestionBench();
  const lines: string[] = [];
  const addresses: (string | undefined)[] = [];
  const readers = new Map<string, ManagementPrincipal>();
  const flags = { queueFails: false };
  const objects = await openTestObjects(ingestion.db.server);
  const rawRefusals: string[] = [];
  const ingest = createIngestStore(ingestion.read);
  const app = createRestApp({
    identity: {
      authenticate: async (authorization, sourceIp) => {
        addresses.push(sourceIp);
        const principal = readers.get(authorization ?? '');
        if (principal === undefined) throw new LetheError('caller.invalid_token');
        return principal;
      },
    },
    requests: createRequestStore(ingestion.read),
    usage: createUsageStore(ingestion.read),
    ingest,
    keys: ingestion.keys,
    openRawRequest: createRawRequestOpener(ingestion.keys, store ?? objects.reader),
    onRawRequestRefused: (code) => {
      rawRefusals.push(code);
    },
    queue: async (event: QueuedEvent) => {
      if (flags.queueFails) throw new LetheError('gateway.unavailable');
      await guarded(() => queueAuditEvent(ingestion.pools.read, event));
    },
    consumers: () => states,
    ready: ingest.ping,
    log: createLogger('accounting', (line) => lines.push(line)),
    metrics: createMetrics('accounting'),
  });
  return {
    ...ingestion,
    lines,
    addresses,
    objects,
    rawRefusals,
    get queueFails() {
      return flags.queueFails;
    },
    set queueFails(fails) {
      flags.queueFails = fails;
    },
    async as(reader, path) {
      if (reader === undefined) return app.request(path);
      const authorization = `Bearer ${newUuidV7()}`;
      readers.set(authorization, {
        tokenId: newUuidV7(),
        userId: newUuidV7(),
        orgId: reader.orgId,
        orgSlug: 'some-org',
        role: reader.role,
        ownApiKeyIds: reader.ownApiKeyIds ?? [],
        adminGroupIds: reader.adminGroupIds ?? [],
        personal: testDigests,
      });
      const socket = { remoteAddress: '::ffff:203.0.113.9' };
      return app.request(path, { headers: { authorization } }, { incoming: { socket } });
    },
    async store(...rows) {
      await ingestion.pools.telemetry.unsafe(insertTelemetryStatement, [telemetryRowsJson(rows)]);
    },
    async attach(row, to, said) {
      const { orgId, apiKeyId, insightId } = row;
      if (orgId === undefined || apiKeyId === undefined) throw new Error('a payload belongs to a key');
      await ingestion.putKey(orgId, apiKeyId, true);
      await ingestion.ingest([storedPayload(sealedSample({ orgId, apiKeyId, insightId, to, said }))]);
    },
    stop: async () => {
      await objects.close();
      await ingestion.stop();
    },
    queued: async () =>
      (
        await ingestion.db.sql`select convert_from(body, 'UTF8') as body from outbox.audit_event order by seq`
      ).map((row) => String(row.body)),
  };
};
