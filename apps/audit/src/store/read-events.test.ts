import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { newUuidV7 } from '@lethe/contracts';
import type { AppendableEvent } from '../append/read-event.js';
import { startAuditDatabase, type TestAuditDatabase } from '../testing/audit-database.contract.js';
import { sampleEvent, startTestLog, type TestLog } from '../testing/running-log.contract.js';
import type { Reader } from './database.js';
import { listEvents, listOldestEvents, readEventParts } from './read-events.js';

jest.setTimeout(120_000);

let server: TestAuditDatabase;
let log: TestLog;
beforeAll(async () => {
  server = await startAuditDatabase();
  log = await startTestLog({ url: server.url });
});
afterAll(async () => {
  await log.stop();
  await server.stop();
});

/** As somebody who owns the server. */
const overwrite = async (table: 'event' | 'leaf', set: string): Promise<void> => {
  const trigger = `${table}_is_kept`;
  await server.superuser.unsafe(`alter table audit.${table} disable trigger ${trigger}`);
  await server.superuser.unsafe(`update audit.${table} set ${set}`);
  await server.superuser.unsafe(`alter table audit.${table} enable always trigger ${trigger}`);
};

describe('what an event is found by', () => {
  it.each([
    ['event', 'org_id', `'${newUuidV7()}'`],
    ['leaf', 'org_id', `'${newUuidV7()}'`],
    ['leaf', 'org_id', 'null'],
    ['event', 'event_type', "'zdr.enabled'"],
    ['event', 'event_time', "event_time + interval '1 ms'"],
    ['event', 'actor_id', "'operator'"],
    ['event', 'target_kind', "'policy'"],
    ['event', 'target_id', "'elsewhere'"],
    ['event', 'outcome', "'refused'"],
  ] as const)('is its own: %s.%s = %s is noticed', async (table, column, value) => {
    const { event } = await log.append();
    const { database } = log;
    const newest = () => listEvents(database, 'all', {}, 1);
    const [before] = await newest();
    expect(before?.body.equals(event.body)).toBe(true);
    await server.superuser.unsafe('drop table if exists kept');
    await server.superuser.unsafe(
      `create table kept as select event_id, ${column} as was from audit.${table}`,
    );
    await overwrite(table, `${column} = ${value} where event_id = '${event.eventId}'`);
    await expect(newest()).rejects.toMatchObject({ reason: 'log_forked' });
    await expect(readEventParts(database, 'all', { ...event, size: 1 })).rejects.toMatchObject({
      reason: 'log_forked',
    });
    const oldestFirst = listOldestEvents(database, 'all', {}, { fromIndex: 0, limit: 1_000 });
    await expect(oldestFirst).rejects.toMatchObject({ reason: 'log_forked' });
    await overwrite(table, `${column} = was from kept where kept.event_id = ${table}.event_id`);
    expect(await newest()).toEqual([before]);
  });
});

describe('reading', () => {
  it('shows each organization its own events and the operator all of them', async () => {
    const mine = newUuidV7();
    const own = sampleEvent({ orgId: mine });
    const foreign = sampleEvent();
    const deployment = sampleEvent({ orgId: undefined });
    for (const event of [own, foreign, deployment]) await log.intake.append(event);
    const find = (reader: Reader, { eventId }: AppendableEvent) =>
      readEventParts(log.database, reader, { eventId, size: log.keeper.released.size });
    const listed = await listEvents(log.database, { orgId: mine }, {}, 100);
    expect(listed.map(({ body }) => body.toString())).toEqual([own.body.toString()]);
    expect(await find({ orgId: mine }, foreign)).toBeUndefined();
    expect(await find({ orgId: mine }, deployment)).toBeUndefined();
    for (const event of [own, foreign, deployment]) expect(await find('all', event)).toBeDefined();
    expect(await find({ orgId: mine }, own)).toMatchObject({ body: own.body });
    // A reader who is nobody is not everybody.
    for (const nobody of ['', newUuidV7()])
      for (const event of [own, deployment]) expect(await find({ orgId: nobody }, event)).toBeUndefined();
  });

  it('is guarded by the database as well: without a reader there are no rows', async () => {
    expect(await log.database.db.execute('select 1 from audit.event')).toHaveLength(0);
    expect(await log.database.db.execute('select 1 from audit.leaf')).toHaveLength(0);
    const all = await log.database.readAs('all', (transaction) =>
      transaction.execute('select 1 from audit.leaf'),
    );
    expect(all.length).toBeGreaterThan(0);
    const none = await log.database.readAs({ orgId: newUuidV7() }, (transaction) =>
      transaction.execute('select 1 from audit.event'),
    );
    expect(none).toHaveLength(0);
  });

  it('maps what the database says to a code that quotes nothing', async () => {
    const failed = log.database.readAs('all', (transaction) =>
      transaction.execute(`select 'the canary'::int from audit.event`),
    );
    const error: unknown = await failed.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ reason: 'unavailable', code: '22P02' });
    expect(JSON.stringify([error, String(error), (error as Error).stack])).not.toContain('canary');
  });
});
