import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuidV7, type OrgId } from '@lethe/contracts';
import { tripwireEvent } from '../outbox/audit-events.js';
import { createControlStore } from '../store/control-store.js';
import { createPayloadStore } from '../store/payload-store.js';
import { type IngestionBench, startIngestionBench } from '../testing/ingestion-bench.contract.js';

let bench: IngestionBench;
beforeAll(async () => {
  bench = await startIngestionBench();
}, 60_000);
afterAll(() => bench?.stop());

let offset = 0n;
const trip = (orgId: OrgId | undefined, code: string) =>
  createPayloadStore(bench.pools.payload).transaction((tx) => {
    offset += 1n;
    const reference = { topic: 'lethe.insight.payload.v1', partition: 0, offset, ordinal: 0, sizeBytes: 1 };
    return tx.refuse({ ...reference, code, hmac: Buffer.alloc(32), tripwire: true, orgId });
  });
const report = () =>
  createControlStore(bench.pools.control).reportTripwires(
    ({ orgId, code, records }) => tripwireEvent(orgId, code, records),
    100,
  );
const eventsOf = async (orgId: OrgId) => {
  const rows = await bench.db.sql<{ body: string }[]>`
    select convert_from(body, 'UTF8') as body from outbox.audit_event where org_id = ${orgId} order by seq`;
  return rows.map(({ body }) => [
    /"refusal":"(\w+)"/.exec(body)?.[1],
    Number(/"records":(\d+)/.exec(body)?.[1]),
  ]);
};
const aMinuteLater = () =>
  bench.db.sql`update ingest.tripwire set last_event_at = last_event_at - interval '61 seconds'`;

describe('the tripwire’s audit events', () => {
  it('are at most one a minute for each organization and code, and their counts lose nothing', async () => {
    const [a, b] = [newUuidV7(), newUuidV7()];
    await trip(a, 'org_sealed');
    await trip(a, 'org_sealed');
    expect(await report()).toBe(1);
    await trip(a, 'org_sealed');
    await trip(a, 'key_not_logging');
    await trip(b, 'org_sealed');
    expect(await report()).toBe(2);
    expect(await report()).toBe(0);
    expect(await eventsOf(a)).toEqual([
      ['org_sealed', 2],
      ['key_not_logging', 1],
    ]);
    await trip(a, 'org_sealed');
    await aMinuteLater();
    expect(await report()).toBe(1);
    expect(await eventsOf(a)).toEqual([
      ['org_sealed', 2],
      ['key_not_logging', 1],
      ['org_sealed', 2],
    ]);
    expect(await eventsOf(b)).toEqual([['org_sealed', 1]]);
  });
});
