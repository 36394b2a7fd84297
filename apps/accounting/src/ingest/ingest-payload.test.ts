import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ApiKeyId, encodeSealedPayload, newUuidV7, type OrgId } from '@lethe/contracts';
import { createRequestStore } from '../store/request-store.js';
import { insertTelemetryStatement, telemetryRowsJson } from '../store/telemetry-columns.js';
import { freshKeys, type IngestionBench, startIngestionBench } from '../testing/ingestion-bench.contract.js';
import {
  sampleTelemetry,
  sealedSample,
  storedPayload,
  storedRecord,
  type TransitPublic,
} from '../testing/samples.contract.js';
import { openForReading } from '../vault/open-payload.js';
import { createPayloadIngestion, decodeRecord } from './ingest-payload.js';

let bench: IngestionBench;
interface Org {
  readonly orgId: OrgId;
  readonly apiKeyId: ApiKeyId;
  readonly quietKeyId: ApiKeyId;
  readonly to: TransitPublic;
}
const makeOrg = async (): Promise<Org> => {
  const [orgId, apiKeyId, quietKeyId] = [newUuidV7(), newUuidV7(), newUuidV7()];
  const to = await bench.openOrg(orgId);
  await bench.putKey(orgId, apiKeyId, true);
  await bench.putKey(orgId, quietKeyId, false);
  return { orgId, apiKeyId, quietKeyId, to };
};
const codesOf = async (...records: ReturnType<typeof storedRecord>[]) =>
  (await bench.ingest(records)).map((outcome) => outcome.code);
const rejectsOf = (offset: bigint) => bench.db.sql`
  select code, ordinal, size_bytes, octet_length(hmac) as hmac_bytes from usage.ingest_reject
  where topic = 'lethe.insight.payload.v1' and record_offset = ${offset.toString()}`;
const nextOffset = async () =>
  BigInt(
    (
      await bench.db
        .sql`select next_offset from usage.consumer_offset where topic = 'lethe.insight.payload.v1'`
    )[0]?.next_offset ?? 0,
  );

beforeAll(async () => {
  bench = await startIngestionBench();
}, 60_000);
afterAll(() => bench?.stop());

describe('layer 3', () => {
  it('keeps a granted payload once, however often it is delivered', async () => {
    const org = await makeOrg();
    const record = storedPayload(sealedSample({ ...org, said: 'once' }));
    expect(await codesOf(record, record)).toEqual(['accepted', 'duplicate']);
    expect(await codesOf(record)).toEqual(['duplicate']);
    expect(await bench.db.sql`select 1 from payload.item where org_id = ${org.orgId}`).toHaveLength(1);
  });

  it('advances the offset in the transaction of the last record, and never back', async () => {
    const org = await makeOrg();
    const records = [1, 2, 3].map(() => storedPayload(sealedSample({ ...org, said: 'hello' })));
    await bench.ingest(records);
    const after = (records.at(-1)?.offset ?? 0n) + 1n;
    expect(await nextOffset()).toBe(after);
    await bench.ingest(records.slice(0, 1));
    expect(await nextOffset()).toBe(after);
  });

  it('stores no key and no content in plain form', async () => {
    const org = await makeOrg();
    const payload = sealedSample({ ...org, said: 'hello' });
    await bench.ingest([storedPayload(payload)]);
    const [row] = await bench.db.sql`select * from payload.item where insight_id = ${payload.insightId}`;
    expect(row?.ciphertext.equals(payload.ciphertext)).toBe(true);
    expect(row?.wrapped_content_key).toHaveLength(60);
  });

  it('rejects what is not a sealed payload by reference, and keeps its neighbours', async () => {
    const org = await makeOrg();
    const good = () => storedPayload(sealedSample({ ...org, said: 'hello' }));
    const poison = storedRecord(Buffer.from('what somebody said, not protobuf'));
    const extra = storedRecord(
      Buffer.concat([
        encodeSealedPayload(sealedSample({ ...org, said: 'x' })),
        Buffer.from([0xaa, 0x3f, 1, 65]),
      ]),
    );
    expect(await codesOf(good(), poison, good(), extra, good())).toEqual([
      'accepted',
      'malformed',
      'accepted',
      'unknown_field',
      'accepted',
    ]);
    expect(await rejectsOf(poison.offset)).toEqual([
      { code: 'malformed', ordinal: 0, size_bytes: poison.value.length, hmac_bytes: 32 },
    ]);
    const dump = await bench.db.sql`select * from usage.ingest_reject`;
    expect(JSON.stringify(dump)).not.toContain('somebody');
  });

  it('rejects a record whose values the database refuses, alone', async () => {
    const org = await makeOrg();
    const beyondBigint = storedPayload(sealedSample({ ...org, said: 'x', policyVersion: 2n ** 63n }));
    const good = () => storedPayload(sealedSample({ ...org, said: 'hello' }));
    expect(await codesOf(good(), beyondBigint, good())).toEqual(['accepted', 'store_refused', 'accepted']);
    expect(await rejectsOf(beyondBigint.offset)).toHaveLength(1);
  });
});

describe('tampered and replayed records', () => {
  it('do not open under another organization', async () => {
    const [a, b] = [await makeOrg(), await makeOrg()];
    const payload = sealedSample({ ...a, said: 'of a' });
    const replays = {
      orgOnly: { ...payload, orgId: b.orgId },
      orgAndKey: { ...payload, orgId: b.orgId, apiKeyId: b.apiKeyId },
      orgKeyAndTransit: {
        ...payload,
        orgId: b.orgId,
        apiKeyId: b.apiKeyId,
        transitKeyId: b.to.transitKeyId,
      },
    };
    expect(await codesOf(storedPayload(replays.orgOnly))).toEqual(['key_unknown']);
    expect(await codesOf(storedPayload(replays.orgAndKey))).toEqual(['transit_key_unknown']);
    expect(await codesOf(storedPayload(replays.orgKeyAndTransit))).toEqual(['content_key_invalid']);
    expect(await codesOf(storedPayload(payload))).toEqual(['accepted']);
  });

  it('do not open under another insight, version or key material', async () => {
    const org = await makeOrg();
    const payload = sealedSample({ ...org, said: 'hello' });
    const flipped = Buffer.from(payload.contentKey.ct);
    flipped[0] = (flipped[0] ?? 0) ^ 1;
    for (const change of [
      { insightId: newUuidV7() },
      { policyVersion: payload.policyVersion + 1n },
      { contentKey: { ...payload.contentKey, ct: flipped } },
      { contentKey: { enc: Buffer.alloc(32), ct: payload.contentKey.ct } },
    ])
      expect(await codesOf(storedPayload({ ...payload, ...change }))).toEqual(['content_key_invalid']);
    expect(await codesOf(storedPayload({ ...payload, apiKeyId: org.quietKeyId }))).toEqual([
      'key_not_logging',
    ]);
  });
});

describe('a payload that does not fit', () => {
  it('an altered ciphertext is kept and never shown', async () => {
    const org = await makeOrg();
    const payload = sealedSample({ ...org, said: 'hello' });
    const flipped = Buffer.from(payload.ciphertext);
    flipped[3] = (flipped[3] ?? 0) ^ 1;
    const telemetry = sampleTelemetry({ ...org, insightId: payload.insightId });
    await bench.db.sql.unsafe(insertTelemetryStatement, [telemetryRowsJson([telemetry])]);
    await bench.ingest([storedPayload({ ...payload, ciphertext: flipped })]);
    const scope = { kind: 'organization', orgId: org.orgId } as const;
    const found = await createRequestStore(bench.read).find(scope, payload.insightId, true);
    expect(found?.payload).toBeDefined();
    expect(openForReading(bench.keys, found?.payload as never)).toBeUndefined();
  });

  it('telemetry of another key of the organization does not make a payload readable', async () => {
    const org = await makeOrg();
    const payload = sealedSample({ ...org, said: 'hello' });
    await bench.ingest([storedPayload(payload)]);
    const telemetry = sampleTelemetry({
      insightId: payload.insightId,
      orgId: org.orgId,
      apiKeyId: org.quietKeyId,
    });
    await bench.db.sql.unsafe(insertTelemetryStatement, [telemetryRowsJson([telemetry])]);
    const scope = { kind: 'organization', orgId: org.orgId } as const;
    const found = await createRequestStore(bench.read).find(scope, payload.insightId, true);
    expect(found?.event.retentionDecision).toBe('payload');
    expect(found?.payload).toBeUndefined();
  });

  it('a transit key wrapped by another process’s key is waited for, not refused', async () => {
    const org = await makeOrg();
    const { createPayloadStore } = await import('../store/payload-store.js');
    const stranger = createPayloadIngestion({
      store: createPayloadStore(bench.pools.payload),
      keys: freshKeys(),
      topic: 'lethe.insight.payload.v1',
      mayWait: () => false,
    });
    const record = decodeRecord(storedPayload(sealedSample({ ...org, said: 'hello' })));
    await expect(stranger.ingestRun([record])).rejects.toMatchObject({
      name: 'StoreError',
      code: 'KEY_AWAY',
    });
    expect(await rejectsOf(record.stored.offset)).toEqual([]);
  });
});

describe('sealing and the tripwire', () => {
  it('what was kept before stays readable, what comes after is refused and trips the alarm', async () => {
    const org = await makeOrg();
    const before = sealedSample({ ...org, said: 'before' });
    const telemetry = sampleTelemetry({ ...org, insightId: before.insightId });
    await bench.db.sql.unsafe(insertTelemetryStatement, [telemetryRowsJson([telemetry])]);
    const late = [1, 2].map(() => storedPayload(sealedSample({ ...org, said: 'after' })));
    await bench.ingest([storedPayload(before)]);
    await bench.pools.control`select ingest.seal_org(${org.orgId}, 5)`;
    expect(await codesOf(...late)).toEqual(['org_sealed', 'org_sealed']);
    expect((await bench.ingest(late)).map((outcome) => outcome.first)).toEqual([false, false]);
    const [tripped] = await bench.db.sql`
      select code, pending, total from ingest.tripwire where org_id = ${org.orgId}`;
    expect(tripped).toEqual({ code: 'org_sealed', pending: '2', total: '2' });
    const scope = { kind: 'organization', orgId: org.orgId } as const;
    const found = await createRequestStore(bench.read).find(scope, before.insightId, true);
    expect(openForReading(bench.keys, found?.payload as never)?.messages).toEqual([
      { role: 'user', content: 'before' },
    ]);
  });

  it('counts organizations nobody opened together, so that a flood cannot grow the table', async () => {
    const org = await makeOrg();
    const strangers = [1, 2, 3].map(() =>
      storedPayload(sealedSample({ ...org, orgId: newUuidV7(), said: 'x' })),
    );
    expect(await codesOf(...strangers)).toEqual(['org_unknown', 'org_unknown', 'org_unknown']);
    const rows = await bench.db.sql`select org_id, total from ingest.tripwire where code = 'org_unknown'`;
    expect(rows).toEqual([{ org_id: '00000000-0000-0000-0000-000000000000', total: '3' }]);
  });

  it('a key that is unknown or whose transit key is gone refuses without an alarm', async () => {
    const org = await makeOrg();
    const strange = sealedSample({ ...org, apiKeyId: newUuidV7(), said: 'x' });
    expect(await codesOf(storedPayload(strange))).toEqual(['key_unknown']);
    expect(await bench.db.sql`select 1 from ingest.tripwire where org_id = ${org.orgId}`).toHaveLength(0);
  });
});

describe('a setting that is still on its way', () => {
  it('is waited for, for as long as the record is fresh', async () => {
    const org = await makeOrg();
    const fresh = { timestampMs: Date.now() };
    const payload = sealedSample({ ...org, apiKeyId: org.quietKeyId, said: 'hello' });
    const ingesting = bench.ingest([storedPayload(payload, fresh)]);
    await bench.pools.control`select ingest.put_api_key(${org.quietKeyId}, ${org.orgId}, null, true, 2)`;
    expect((await ingesting).map((outcome) => outcome.code)).toEqual(['accepted']);
  });

  it('is not waited for when the organization is sealed', async () => {
    const org = await makeOrg();
    await bench.pools.control`select ingest.seal_org(${org.orgId}, 5)`;
    const late = sealedSample({ ...org, said: 'x' });
    const started = performance.now();
    expect(await codesOf(storedPayload(late, { timestampMs: Date.now() }))).toEqual(['org_sealed']);
    expect(performance.now() - started).toBeLessThan(1500);
  });

  it('does not hold a record for ever when clocks disagree', async () => {
    const org = await makeOrg();
    const ahead = sealedSample({ ...org, apiKeyId: org.quietKeyId, said: 'x' });
    const record = storedPayload(ahead, { timestampMs: Date.now() + 3_600_000 });
    expect(await codesOf(record)).toEqual(['key_not_logging']);
  });
});
