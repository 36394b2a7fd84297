import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { newUuidV7 } from '@lethe/contracts';
import { startAuditDatabase, type TestAuditDatabase } from '../testing/audit-database.contract.js';
import { sampleEvent, startTestLog, type TestLog } from '../testing/running-log.contract.js';
import { findEvent, listEvents } from './read-events.js';

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

describe('reading', () => {
  it('shows each organization its own events and the operator all of them', async () => {
    const mine = newUuidV7();
    const own = sampleEvent({ orgId: mine });
    const foreign = sampleEvent();
    const deployment = sampleEvent({ orgId: undefined });
    for (const event of [own, foreign, deployment]) await log.intake.append(event);
    const listed = await listEvents(log.database, { orgId: mine }, {}, 100);
    expect(listed.map(({ body }) => body.toString())).toEqual([own.body.toString()]);
    expect(await findEvent(log.database, { orgId: mine }, foreign.eventId)).toBeUndefined();
    expect(await findEvent(log.database, { orgId: mine }, deployment.eventId)).toBeUndefined();
    for (const event of [own, foreign, deployment])
      expect(await findEvent(log.database, 'all', event.eventId)).toBeDefined();
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
