import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type ApiKeyId,
  decodeSealedPayload,
  newUuidV7,
  type OrgId,
  type SealedPayloadRecord,
  uuidBytes,
} from '@lethe/contracts';
import type { StoredRecord } from '@lethe/event-log';
import { openPayload, unsealContentKey, unwrapKey } from '@lethe/sealed-payload';
import postgres from 'postgres';
import { createPayloadIngestion, decodeRecord } from '../ingest/ingest-payload.js';
import { createPayloadStore } from '../store/payload-store.js';
import { freshKeys, type IngestionBench, startIngestionBench } from '../testing/ingestion-bench.contract.js';
import { openTestObjects, sealedRaw, type TestObjects } from '../testing/object-store.contract.js';
import { sealedSample, storedPayload, type TransitPublic } from '../testing/samples.contract.js';
import { createLaunchedWrapping } from './launched-wrapping.js';
import { transitWrap, withAtRestKey } from './make-keys.js';
import { contentKeyWrap } from './rewrap.js';

/** What the launcher handed over at the start; a thief who read the pipe has it too. */
const launched = randomBytes(32);
const body = Buffer.from('{"messages":["said in a raw body"]}');
let bench: IngestionBench;
let objects: TestObjects;

beforeAll(async () => {
  bench = await startIngestionBench({ ...freshKeys(), transit: createLaunchedWrapping(launched) });
  objects = await openTestObjects(bench.db.server);
}, 60_000);
afterAll(async () => {
  await objects?.close();
  await bench?.stop();
});

interface Org {
  readonly orgId: OrgId;
  readonly apiKeyId: ApiKeyId;
  readonly to: TransitPublic;
}
const makeOrg = async (): Promise<Org> => {
  const [orgId, apiKeyId] = [newUuidV7(), newUuidV7()];
  const to = await bench.openOrg(orgId);
  await bench.putKey(orgId, apiKeyId, true);
  return { orgId, apiKeyId, to };
};
/** One record on the topic, its raw body in the object store. */
const publish = async (org: Org): Promise<StoredRecord> => {
  const insightId = newUuidV7();
  const { reference, ciphertext } = sealedRaw({ ...org, insightId }, body);
  await objects.writer.put(reference.objectKey, ciphertext);
  return storedPayload(sealedSample({ ...org, insightId, said: 'said', rawRequest: reference }));
};
const readObject = async (key: string): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for await (const piece of (await objects.reader.read(key)) ?? []) pieces.push(piece);
  return Buffer.concat(pieces);
};
const bindingOf = (record: SealedPayloadRecord, kind: 'payload' | 'raw') => ({
  orgId: uuidBytes(record.orgId),
  insightId: uuidBytes(record.insightId),
  kind,
  policyVersion: record.policyVersion,
  transitKeyId: uuidBytes(record.transitKeyId),
});
const attempt = <T>(work: () => T): T | undefined => {
  try {
    return work();
  } catch {
    return undefined;
  }
};

/** Every private half that anybody with all of this can unwrap. */
const privateHalves = async (sql: postgres.Sql): Promise<Buffer[]> => {
  const rows = await sql<
    { transit_key_id: string; org_id: string; wrapped_private: Buffer; wrapped_by: Buffer }[]
  >`
    select * from ingest.transit_key`;
  const found: Buffer[] = [];
  for (const row of rows) {
    const binding = transitWrap(row.org_id as OrgId, row.transit_key_id as never);
    const fromPipe = attempt(() => unwrapKey(row.wrapped_private, launched, binding));
    const fromProcess = await bench.keys.transit
      .unwrap(row.wrapped_by, row.wrapped_private, binding)
      .catch(() => undefined);
    for (const half of [fromPipe, fromProcess]) if (half !== undefined) found.push(half);
  }
  return found;
};
/** Content keys that committed, through the root key. */
const committedKeys = async (sql: postgres.Sql, record: SealedPayloadRecord): Promise<Buffer[]> => {
  const found: Buffer[] = [];
  for (const [table, kind] of [
    ['payload.item', 'payload'],
    ['payload.raw_request', 'raw'],
  ] as const) {
    const rows = await sql.unsafe<
      { wrapped_content_key: Buffer; at_rest_key_version: number; wrapped_key: Buffer }[]
    >(
      `select i.wrapped_content_key, i.at_rest_key_version, a.wrapped_key from ${table} i join ingest.at_rest_key a
       on a.org_id = i.org_id and a.version = i.at_rest_key_version where i.insight_id = '${record.insightId}'`,
    );
    for (const { wrapped_content_key, at_rest_key_version: version, wrapped_key: wrapped } of rows) {
      const key = attempt(() =>
        withAtRestKey(bench.keys, { orgId: record.orgId, version, wrapped }, (atRestKey) =>
          unwrapKey(wrapped_content_key, atRestKey, contentKeyWrap(record, version, kind)),
        ),
      );
      if (key !== undefined) found.push(key);
    }
  }
  return found;
};

/** With full rights on the database, its root key and all that the process holds: which records and bodies open. */
const scan = async (topic: readonly StoredRecord[], sql = bench.db.sql) => {
  const halves = await privateHalves(sql);
  const opened = { payloads: 0, bodies: 0 };
  for (const stored of topic) {
    const decoded = decodeSealedPayload(stored.value);
    if (!decoded.ok || decoded.payload.rawRequest === undefined) throw new Error('a record of ours');
    const record = decoded.payload;
    const raw = decoded.payload.rawRequest;
    const transitKeyId = uuidBytes(record.transitKeyId);
    const unsealed = halves.flatMap((privateKey) =>
      ([record.contentKey, raw.contentKey] as const).flatMap((sealed, index) => {
        const binding = bindingOf(record, index === 0 ? 'payload' : 'raw');
        const key = attempt(() => unsealContentKey(sealed, { transitKeyId, privateKey }, binding));
        return key === undefined ? [] : [key];
      }),
    );
    const keys = [...unsealed, ...(await committedKeys(sql, record))];
    const ciphertext = await readObject(raw.objectKey);
    if (keys.some((key) => attempt(() => openPayload(record, key, bindingOf(record, 'payload')))))
      opened.payloads += 1;
    if (
      keys.some((key) =>
        attempt(() => openPayload({ nonce: raw.nonce, ciphertext }, key, bindingOf(record, 'raw'))),
      )
    )
      opened.bodies += 1;
  }
  return opened;
};

describe('the key fence', () => {
  it('after sealing nothing opens but what had committed, with every right and every key there is', async () => {
    const [org, other] = [await makeOrg(), await makeOrg()];
    const topic: StoredRecord[] = [];
    for (let i = 0; i < 6; i += 1) topic.push(await publish(org));
    const neighbour = [await publish(other)];
    await bench.ingest(topic.slice(0, 2));
    // The control: before sealing the same scan opens the unread tail.
    expect(await scan(topic)).toEqual({ payloads: 6, bodies: 6 });
    await bench.sealOrg({ orgId: org.orgId, version: 7n, shredHistory: false });
    expect(await scan(topic)).toEqual({ payloads: 2, bodies: 2 });
    expect((await bench.ingest(topic.slice(2))).map(({ code }) => code)).toEqual(Array(4).fill('org_sealed'));
    expect(await scan(topic)).toEqual({ payloads: 2, bodies: 2 });
    // Another organization's way in is as open as it was, through its pair that was wrapped anew.
    expect((await bench.ingest(neighbour)).map(({ code }) => code)).toEqual(['accepted']);
  }, 60_000);

  it('after shredding not even that opens', async () => {
    const org = await makeOrg();
    const topic = [await publish(org), await publish(org)];
    await bench.ingest(topic.slice(0, 1));
    expect(await scan(topic)).toEqual({ payloads: 2, bodies: 2 });
    await bench.sealOrg({ orgId: org.orgId, version: 7n, shredHistory: true });
    expect(await scan(topic)).toEqual({ payloads: 0, bodies: 0 });
  }, 60_000);
});

describe('a backup of the database from before sealing', () => {
  const disconnect = () => bench.db.server.sql`
    select pg_terminate_backend(pid) from pg_stat_activity where datname = 'accounting' and pid <> pg_backend_pid()`;

  it('opens nothing that had not committed, restored whole with its unlogged tables', async () => {
    const org = await makeOrg();
    const topic = [await publish(org), await publish(org), await publish(org)];
    await bench.ingest(topic.slice(0, 1));
    await disconnect();
    await bench.db.server.sql.unsafe('create database restored template accounting');
    const restored = postgres(bench.db.server.url({ ...superuser(), database: 'restored' }), { max: 1 });
    try {
      // The control: at that moment it opens the unread tail, so the pairs are in it.
      expect(await scan(topic, restored)).toEqual({ payloads: 3, bodies: 3 });
      await bench.sealOrg({ orgId: org.orgId, version: 7n, shredHistory: false });
      const [gate] = await restored`select sealed from ingest.org_gate where org_id = ${org.orgId}`;
      expect(gate?.sealed).toBe(false);
      expect(await restored`select 1 from ingest.transit_key where org_id = ${org.orgId}`).toHaveLength(1);
      expect(await scan(topic, restored)).toEqual({ payloads: 1, bodies: 1 });
      // The service itself on the restored database, which believes that the organization is open.
      const ingestion = createPayloadIngestion({
        store: createPayloadStore(restored),
        keys: bench.keys,
        topic: 'lethe.insight.payload.v1',
        mayWait: () => false,
      });
      const tail = topic.slice(1, 2).map(decodeRecord);
      await expect(ingestion.ingestRun(tail)).rejects.toMatchObject({ code: 'KEY_AWAY' });
    } finally {
      await restored.end({ timeout: 1 });
    }
  }, 60_000);

  const superuser = () => {
    const url = new URL(bench.db.server.superuserUrl.replace(/@[^/]*\//, '@host/'));
    return { user: url.username, password: decodeURIComponent(url.password) };
  };
});
