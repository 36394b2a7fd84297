import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ApiKeyId, newUuidV7, type OrgId, type Telemetry } from '@lethe/contracts';
import { type IngestionBench, startIngestionBench } from '../testing/ingestion-bench.contract.js';
import {
  sampleTelemetry,
  sealedSample,
  storedPayload,
  type TransitPublic,
} from '../testing/samples.contract.js';
import { openForReading } from '../vault/open-payload.js';
import { createControlStore } from './control-store.js';
import { createRequestStore } from './request-store.js';
import { insertTelemetryStatement, telemetryRowsJson } from './telemetry-columns.js';

let bench: IngestionBench;
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
const tell = (telemetry: Telemetry) =>
  bench.pools.telemetry.unsafe(insertTelemetryStatement, [telemetryRowsJson([telemetry])]);
const attest = (waitMs = 60_000) => createControlStore(bench.pools.control).attestPayloads(waitMs, 1000);
const kept = async (insightId: string) =>
  (await bench.db.sql`select 1 from payload.item where insight_id = ${insightId}`).length;
const trips = async (orgId: OrgId) =>
  bench.db.sql`select code, pending from ingest.tripwire where org_id = ${orgId}`;
const readable = async (orgId: OrgId, insightId: string) => {
  const scope = { kind: 'organization', orgId } as const;
  const found = await createRequestStore(bench.read).find(scope, insightId as never, true);
  return found?.payload === undefined ? undefined : openForReading(bench.keys, found.payload)?.messages;
};

beforeAll(async () => {
  bench = await startIngestionBench();
}, 60_000);
afterAll(() => bench?.stop());

describe('a payload becomes readable only if the telemetry of the same insight, organization and key says so', () => {
  it.each(['telemetry first', 'payload first'])('%s', async (order) => {
    const org = await makeOrg();
    const sealed = sealedSample({ ...org, said: 'hello' });
    const telemetry = sampleTelemetry({ ...org, insightId: sealed.insightId });
    if (order === 'telemetry first') await tell(telemetry);
    await bench.ingest([storedPayload(sealed)]);
    if (order === 'payload first') {
      expect(await readable(org.orgId, sealed.insightId)).toBeUndefined();
      expect(await attest()).toMatchObject({ contradict: 0, alone: 0 });
      await tell(telemetry);
    }
    expect(await attest()).toEqual({ agree: 1, contradict: 0, alone: 0 });
    expect(await readable(org.orgId, sealed.insightId)).toEqual([{ role: 'user', content: 'hello' }]);
    expect(await attest()).toEqual({ agree: 0, contradict: 0, alone: 0 });
  });

  it.each<[string, () => Partial<Telemetry>]>([
    ['says that nothing was granted', () => ({ retentionDecision: 'telemetry' })],
    ['is another key’s', () => ({ apiKeyId: newUuidV7() })],
    ['is another organization’s', () => ({ orgId: newUuidV7() })],
    ['is nobody’s', () => ({ orgId: undefined, apiKeyId: undefined })],
  ])('is removed, and trips the alarm, when its telemetry %s', async (_what, change) => {
    for (const order of ['telemetry first', 'payload first']) {
      const org = await makeOrg();
      const sealed = sealedSample({ ...org, said: 'hello' });
      const telemetry = sampleTelemetry({ ...org, insightId: sealed.insightId, ...change() });
      if (order === 'telemetry first') await tell(telemetry);
      await bench.ingest([storedPayload(sealed)]);
      if (order === 'payload first') await tell(telemetry);
      expect(await readable(org.orgId, sealed.insightId)).toBeUndefined();
      expect(await attest()).toEqual({ agree: 0, contradict: 1, alone: 0 });
      expect(await kept(sealed.insightId)).toBe(0);
      expect(await trips(org.orgId)).toEqual([{ code: 'telemetry_contradicts', pending: '1' }]);
    }
  });

  it('is removed when no telemetry comes', async () => {
    const org = await makeOrg();
    const sealed = sealedSample({ ...org, said: 'hello' });
    await bench.ingest([storedPayload(sealed)]);
    expect(await attest(60_000)).toEqual({ agree: 0, contradict: 0, alone: 0 });
    expect(await kept(sealed.insightId)).toBe(1);
    await bench.db.sql`update payload.unattested set arrived_at = now() - interval '2 minutes'`;
    expect(await attest(60_000)).toEqual({ agree: 0, contradict: 0, alone: 1 });
    expect(await kept(sealed.insightId)).toBe(0);
    expect(await trips(org.orgId)).toEqual([]);
  });
});

describe('a router that seals one organization’s content to another’s key', () => {
  it('gains nothing: the telemetry of the request is the first organization’s', async () => {
    const [a, b] = [await makeOrg(), await makeOrg()];
    const insightId = newUuidV7();
    await tell(
      sampleTelemetry({
        orgId: a.orgId,
        apiKeyId: a.apiKeyId,
        insightId,
        retentionDecision: 'telemetry',
      }),
    );
    // Layer 3 by itself sees nothing wrong: organization, key and seal of B agree.
    const sealed = sealedSample({ ...b, insightId, said: 'said by A' });
    expect((await bench.ingest([storedPayload(sealed)])).map(({ code }) => code)).toEqual(['accepted']);
    for (const orgId of [a.orgId, b.orgId]) expect(await readable(orgId, insightId)).toBeUndefined();
    expect(await attest()).toMatchObject({ contradict: 1 });
    expect(await kept(insightId)).toBe(0);
    expect(await trips(b.orgId)).toEqual([{ code: 'telemetry_contradicts', pending: '1' }]);
  });

  it('gains nothing with a seal that says A: B’s key does not fit it', async () => {
    const [a, b] = [await makeOrg(), await makeOrg()];
    const sealed = sealedSample({ orgId: a.orgId, apiKeyId: a.apiKeyId, to: b.to, said: 'said by A' });
    expect((await bench.ingest([storedPayload(sealed)])).map(({ code }) => code)).toEqual([
      'transit_key_unknown',
    ]);
  });

  it('gains nothing from the setting that upkeep uses: a reader who sets it sees no more', async () => {
    const [a, b] = [await makeOrg(), await makeOrg()];
    const sealed = sealedSample({ ...b, said: 'said by B' });
    await tell(sampleTelemetry({ ...b, insightId: sealed.insightId }));
    await bench.ingest([storedPayload(sealed)]);
    const seen = (orgId: OrgId, table: string) =>
      bench.pools.read.begin(async (tx) => {
        await tx`select set_config('app.upkeep', 'on', true), set_config('app.org_id', ${orgId}, true)`;
        return (await tx.unsafe(`select 1 from ${table} where insight_id = '${sealed.insightId}'`)).length;
      });
    for (const table of ['payload.readable', 'usage.event']) {
      expect(await seen(b.orgId, table)).toBe(1);
      expect(await seen(a.orgId, table)).toBe(0);
    }
  });
});
