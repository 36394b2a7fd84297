import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { newUuidV7 } from '@lethe/contracts';
import { type AppendableEvent, readAppendableEvent } from '../append/read-event.js';
import { type AuditDatabase, openAuditDatabase } from '../store/database.js';
import { findEvent, listEvents } from '../store/read-events.js';
import { startAuditDatabase, type TestAuditDatabase } from '../testing/audit-database.contract.js';
import { sampleRequest } from '../testing/sample-events.contract.js';
import { sequenceEvent } from './sequence-event.js';

jest.setTimeout(120_000);

let server: TestAuditDatabase;
let database: AuditDatabase;
beforeAll(async () => {
  server = await startAuditDatabase();
  database = openAuditDatabase(server.url);
});
afterAll(async () => {
  await database.close();
  await server.stop();
});

const sample = (over: Parameters<typeof sampleRequest>[0] = {}): AppendableEvent => {
  const read = readAppendableEvent(sampleRequest(over));
  if ('refusal' in read) throw new Error('a sample is refused');
  return read.event;
};
const stored = () => server.superuser<{ idx: number; id: string }[]>`
  select idx::int, event_id::text as id from audit.leaf order by idx`;
const sizeOf = async () => (await server.superuser`select size::int as size from audit.state`)[0]?.size;

const expectDense = async (): Promise<void> => {
  const rows = await stored();
  expect(rows.map(({ idx }) => idx)).toEqual(rows.map((_, i) => i));
  expect(await sizeOf()).toBe(rows.length);
  const [orphans] = await server.superuser`
    select count(*)::int as count from audit.event left join audit.leaf using (event_id) where idx is null`;
  expect(orphans?.count).toBe(0);
};

describe('sequenceEvent', () => {
  it('keeps the bytes and the index of an event that is appended again', async () => {
    const event = sample();
    const first = await sequenceEvent(database, event);
    await sequenceEvent(database, sample());
    expect(await sequenceEvent(database, event)).toBe(first);
    const [row] = await server.superuser<{ body: Buffer; hash: Buffer }[]>`
      select body, leaf_hash as hash from audit.event join audit.leaf using (event_id)
      where event_id = ${event.eventId}`;
    expect(row?.body.equals(event.body)).toBe(true);
    const leafHash = createHash('sha256')
      .update(Buffer.from([0]))
      .update(event.body)
      .digest();
    expect(row?.hash.equals(leafHash)).toBe(true);
    await expectDense();
  });

  it('refuses another event under the same id, and gives it no index', async () => {
    const event = sample();
    await sequenceEvent(database, event);
    const before = await sizeOf();
    const other = sample({ eventId: event.eventId });
    await expect(sequenceEvent(database, other)).rejects.toMatchObject({
      reason: 'event_id_taken',
      code: 'AUD05',
    });
    expect(await sizeOf()).toBe(before);
  });

  it('gives dense indexes to twenty at once, doubles among them', async () => {
    const events = Array.from({ length: 20 }, () => sample());
    const indexes = await Promise.all([...events, ...events].map((event) => sequenceEvent(database, event)));
    expect(indexes.slice(0, 20)).toEqual(indexes.slice(20));
    expect(new Set(indexes).size).toBe(20);
    await expectDense();
  });

  it('survives a killed server without a gap, a double or a lost answer', async () => {
    const events = Array.from({ length: 60 }, () => sample());
    const answered = new Map<string, bigint>();
    let killed: Promise<void> | undefined;
    const appendUntilDone = async (event: AppendableEvent): Promise<void> => {
      for (;;) {
        try {
          answered.set(event.eventId, await sequenceEvent(database, event));
          if (answered.size === 20) killed ??= server.server.kill().then(() => server.server.restart());
          return;
        } catch (error) {
          expect(error).toMatchObject({ name: 'StoreError', reason: 'unavailable' });
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    };
    await Promise.all(events.map(appendUntilDone));
    await killed;
    expect(killed).toBeDefined();
    const places = new Map((await stored()).map(({ idx, id }) => [id, BigInt(idx)]));
    for (const event of events) expect(places.get(event.eventId)).toBe(answered.get(event.eventId));
    await expectDense();
  });
});

describe('reading', () => {
  it('shows each organization its own events and the operator all of them', async () => {
    const mine = newUuidV7();
    const own = sample({ orgId: mine });
    const foreign = sample();
    const deployment = sample({ orgId: undefined });
    for (const event of [own, foreign, deployment]) await sequenceEvent(database, event);
    const listed = await listEvents(database, { orgId: mine }, {}, 100);
    expect(listed.map(({ body }) => body.toString())).toEqual([own.body.toString()]);
    expect(await findEvent(database, { orgId: mine }, foreign.eventId)).toBeUndefined();
    expect(await findEvent(database, { orgId: mine }, deployment.eventId)).toBeUndefined();
    for (const event of [own, foreign, deployment])
      expect(await findEvent(database, 'all', event.eventId)).toBeDefined();
  });

  it('is guarded by the database as well: without a reader there are no rows', async () => {
    expect(await database.db.execute('select 1 from audit.event')).toHaveLength(0);
    expect(await database.db.execute('select 1 from audit.leaf')).toHaveLength(0);
    const all = await database.readAs('all', (transaction) =>
      transaction.execute('select 1 from audit.leaf'),
    );
    expect(all.length).toBeGreaterThan(0);
    const none = await database.readAs({ orgId: newUuidV7() }, (transaction) =>
      transaction.execute('select 1 from audit.event'),
    );
    expect(none).toHaveLength(0);
  });

  it('maps what the database says to a code that quotes nothing', async () => {
    const failed = database.readAs('all', (transaction) =>
      transaction.execute(`select 'the canary'::int from audit.event`),
    );
    const error: unknown = await failed.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ reason: 'unavailable', code: '22P02' });
    expect(JSON.stringify([error, String(error), (error as Error).stack])).not.toContain('canary');
  });
});
