import * as grpc from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuidV7, type OrgId, type Uuid } from '@lethe/contracts';
import { createLogger, Opaque } from '@lethe/service-kit';
import postgres from 'postgres';
import type { BackgroundLoop } from '../background-loop.js';
import { type QueuedEvent, queueAuditEvent } from '../store/outbox-store.js';
import { type AccountingDatabase, startAccountingDatabase } from '../testing/accounting-database.contract.js';
import { type Neighbours, startNeighbours } from '../testing/neighbours.contract.js';
import { until } from '../testing/running-service.contract.js';
import { createAuditClient } from './audit-client.js';
import { orgSealedEvent } from './audit-events.js';
import { startRelay } from './relay.js';

describe('the relay of audit events', () => {
  let db: AccountingDatabase;
  let control: postgres.Sql;
  let leader: postgres.Sql;
  let neighbours: Neighbours;
  let relay: BackgroundLoop;
  const lines: string[] = [];
  const refused: string[] = [];

  beforeAll(async () => {
    db = await startAccountingDatabase();
    [control, leader] = [postgres(db.urls.control, { max: 2 }), postgres(db.urls.control, { max: 1 })];
    neighbours = await startNeighbours();
  }, 60_000);
  afterEach(async () => {
    await relay.stop();
    neighbours.refuses = () => undefined;
    neighbours.appended.length = 0;
    await db.sql`truncate outbox.audit_event`;
  });
  afterAll(async () => {
    await Promise.all([control, leader].map((sql) => sql.end({ timeout: 1 })));
    await neighbours.stop();
    await db.stop();
  });

  /** Events of some organizations, in turns. */
  const queue = async (orgs: number, each: number): Promise<readonly QueuedEvent[]> => {
    const ids = Array.from({ length: orgs }, () => newUuidV7() as OrgId);
    const events = Array.from({ length: orgs * each }, (_, n) =>
      orgSealedEvent(ids[n % orgs] as OrgId, BigInt(n + 1)),
    );
    for (const event of events) await queueAuditEvent(control, event);
    return events;
  };
  const start = () => {
    const credential = new Opaque(neighbours.credential);
    const client = createAuditClient({ address: neighbours.address, credential });
    relay = startRelay({
      session: leader,
      append: client.append,
      log: createLogger('accounting', (line) => lines.push(line)),
      onRefused: (code) => refused.push(code),
    });
  };
  const arrived = (orgId: Uuid | undefined) =>
    neighbours.appended.filter((event) => event.orgId === orgId).map(({ eventId }) => eventId);
  const queuedOf = (events: readonly QueuedEvent[], orgId: Uuid | undefined) =>
    events.filter((event) => event.orgId === orgId).map(({ eventId }) => eventId);
  const unsent = async () =>
    db.sql`select event_id, refused_code, octet_length(body) > 0 as whole from outbox.audit_event where sent_at is null`;

  it('keeps the order of each organization', async () => {
    const events = await queue(7, 6);
    start();
    await until(async () => (await unsent()).length === 0);
    expect(neighbours.appended).toHaveLength(events.length);
    for (const { orgId } of events.slice(0, 7)) expect(arrived(orgId)).toEqual(queuedOf(events, orgId));
  });

  it('passes by an event that audit refuses for ever, keeps it and says which', async () => {
    const events = await queue(2, 3);
    const poison = String(events[0]?.eventId);
    neighbours.refuses = (event) => (event.includes(poison) ? grpc.status.ALREADY_EXISTS : undefined);
    start();
    await until(async () => (await unsent()).every(({ refused_code }) => refused_code !== null));
    expect(await unsent()).toEqual([{ event_id: poison, refused_code: 'already_exists', whole: true }]);
    expect(arrived(events[0]?.orgId)).toEqual(queuedOf(events, events[0]?.orgId).slice(1));
    expect(refused).toEqual(['already_exists']);
    expect(lines.join('')).toContain(`"eventId":"${poison}"`);
    // Nobody drops it with what was sent long ago.
    await control`select outbox.drop_sent('0 seconds')`;
    expect(await unsent()).toHaveLength(1);
  });

  it('holds back what follows an event that is to be tried again, of its organization only', async () => {
    const events = await queue(2, 3);
    const [first, second] = events;
    neighbours.refuses = (event) =>
      event.includes(String(first?.eventId)) ? grpc.status.INTERNAL : undefined;
    start();
    await until(() => arrived(second?.orgId).length === 3);
    expect(arrived(first?.orgId)).toEqual([]);
    neighbours.refuses = () => undefined;
    await until(async () => (await unsent()).length === 0);
    expect(arrived(first?.orgId)).toEqual(queuedOf(events, first?.orgId));
  });
});
