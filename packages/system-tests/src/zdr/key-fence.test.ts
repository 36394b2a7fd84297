import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestOrganization } from '../audit/running/management.js';
import { ingestOf } from '../support/accounting.js';
import { waitFor } from '../wait-for.js';
import { openEverything, type Place } from './house/attacker.js';
import { enableZdr, untilEffective } from './house/enable-zdr.js';
import { type House, startHouse } from './house/house.js';
import { loggingOrganization } from './house/organization.js';
import { type Asked, askOnce } from './house/traffic.js';

const payloadTopic = 'lethe.insight.payload.v1';
const tailRequests = 12;

// Whoever has every right on accounting's database and its root key tries every record of the topic and every object.
describe('the key fence', () => {
  let house: House;
  let org: TestOrganization;
  let other: TestOrganization;
  let committed: readonly Asked[];
  let tail: readonly Asked[];
  let tailRecords: readonly { key: Buffer | null; value: Buffer; headers: Buffer | null }[];

  const ask = (of: TestOrganization, count: number): Promise<Asked[]> =>
    Promise.all(
      Array.from({ length: count }, (_, n) =>
        askOnce(
          { routers: house.routers.map(({ url }) => url), apiKey: of.apiKey },
          { router: n % house.routers.length, kind: 'whole' },
        ),
      ),
    );
  const textsOf = async (place: Place): Promise<string> => {
    const { texts } = await openEverything(house);
    return texts
      .filter((text) => text.place === place)
      .map(({ text }) => text.toString('utf8'))
      .join('\n');
  };
  const recordsInTopic = (): Promise<number> =>
    house.databases.as('event_log', async (sql) => {
      const [row] = await sql<{ count: number }[]>`
        select count(*)::int as count from event_log.record where topic = ${payloadTopic}`;
      return row?.count ?? 0;
    });
  const open = (of: readonly Asked[], texts: string): number =>
    of.filter(({ canary }) => texts.includes(canary.text)).length;

  beforeAll(async () => {
    // The fence does not lean on leases: none shall run out on a slow machine.
    house = await startHouse({ leaseTtlMs: 30_000 });
    [org, other] = [await loggingOrganization(house), await loggingOrganization(house)];
    committed = await ask(org, 4);
    await waitFor(async () => open(committed, await textsOf('item')) === committed.length);
    // Accounting stands still, so what is asked now stays unread.
    house.accounting.freeze();
    const before = await recordsInTopic();
    tail = await ask(org, tailRequests);
    await waitFor(async () => (await recordsInTopic()) === before + tailRequests);
  }, 180_000);
  afterAll(() => house?.stop(), 60_000);

  it('the control: before the sealing, the unread tail opens', async () => {
    const texts = await textsOf('topic');
    expect(open(tail, texts)).toBe(tailRequests);
    expect(open(tail, await textsOf('item'))).toBe(0);
    expect(open(tail, await textsOf('object'))).toBeGreaterThan(0);
  });

  it('after it, no record opens with any key, and nothing that was unread is ever at rest', async () => {
    tailRecords = await house.databases.as('event_log', async (sql) => {
      const rows = await sql<{ key: Buffer | null; value: Buffer; headers: Buffer | null }[]>`
        delete from event_log.record where topic = ${payloadTopic} and record_offset >= (
          select next_offset - ${tailRequests} from event_log.topic where name = ${payloadTopic})
        returning key, value, headers`;
      return [...rows];
    });
    expect(tailRecords).toHaveLength(tailRequests);
    house.accounting.thaw();
    const enabled = await enableZdr(house.run.adminConfig, org);
    if (enabled.answer.state !== 'effective') await untilEffective(house.run.adminConfig, org);
    // What was held back arrives late: as if a broker or a router had slept.
    await house.databases.as('event_log', async (sql) => {
      for (const { key, value, headers } of tailRecords)
        await sql`
          select event_log.append_records('insight', ${payloadTopic},
            array[${key}]::bytea[], array[${value}]::bytea[], array[${headers}]::bytea[])`;
    });
    const refused = await waitFor(async () => {
      const { tripwires } = await ingestOf(house.run);
      const sum = tripwires.reduce((total, { records }) => total + records, 0);
      return sum >= tailRequests && tripwires;
    });
    expect(refused).toEqual([{ code: 'org_sealed', records: tailRequests }]);
    expect(open(tail, await textsOf('topic'))).toBe(0);
    expect(open(committed, await textsOf('topic'))).toBe(0);
    expect(open(tail, await textsOf('item'))).toBe(0);
    expect(open(tail, await textsOf('object'))).toBe(0);
  }, 90_000);

  it('under ZDR no object is put, not even a sealed one', async () => {
    const objects = async (): Promise<number> => (await openEverything(house)).objects;
    const before = await objects();
    await ask(org, 6);
    // The control comes after it on the same way.
    await ask(other, 6);
    await waitFor(async () => (await objects()) > before);
    expect((await objects()) - before).toBeLessThanOrEqual(6);
  }, 60_000);

  it('what had committed before still opens, and so does what another organization keeps', async () => {
    expect(open(committed, await textsOf('item'))).toBe(committed.length);
    const others = await ask(other, 4);
    await waitFor(async () => open(others, await textsOf('item')) === others.length);
    expect(open(others, await textsOf('topic'))).toBe(others.length);
  }, 30_000);
});
