import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { newUuidV7, type Uuid } from '@lethe/contracts';
import { EventLogError, type EventLogProducer, openEventLogProducer } from '@lethe/event-log';
import { createLogger } from '@lethe/service-kit';
import { verifyCheckpoint } from '@lethe/transparency-log';
import type { Anchors } from '../anchor/anchors.js';
import { AnchorError } from '../anchor/anchors.js';
import { startAuditDatabase, type TestAuditDatabase } from '../testing/audit-database.contract.js';
import { startAuditLog, type TestAuditLog } from '../testing/audit-log.contract.js';
import { eventually } from '../testing/eventually.contract.js';
import {
  sampleEvent,
  startTestLog,
  type TestLog,
  testOrigin,
  testSigner,
} from '../testing/running-log.contract.js';
import { type Publisher, startPublisher } from './publisher.js';

jest.setTimeout(120_000);

let server: TestAuditDatabase;
let log: TestAuditLog;
let audited: TestLog;
let anchorsAreBroken = false;
const running: Publisher[] = [];

/** Real anchors that can be made to fail. */
const breakable = (anchors: Anchors): Anchors => ({
  ...anchors,
  keep: async (checkpoint) => {
    if (anchorsAreBroken) throw new AnchorError('full');
    await anchors.keep(checkpoint);
  },
});

beforeAll(async () => {
  [server, log] = await Promise.all([startAuditDatabase(), startAuditLog()]);
  audited = await startTestLog({ url: server.url, withAnchors: breakable });
});
afterEach(async () => {
  for (const publisher of running.splice(0)) await publisher.stop();
});
afterAll(async () => {
  await audited.stop();
  await server.stop();
  await log.stop();
});

const publish = async (over: Partial<EventLogProducer> = {}): Promise<Publisher> => {
  const real = await openEventLogProducer(log.config);
  const producer: EventLogProducer = {
    publish: (topic, records) => real.publish(topic, records),
    sever: () => real.sever(),
    close: () => real.close(),
    ...over,
  };
  const publisher = startPublisher({
    database: audited.database,
    producer,
    origin: testOrigin,
    newestCheckpoint: () => audited.keeper.releasable,
    metrics: audited.metrics,
    log: createLogger('audit', () => {}),
  });
  running.push(publisher);
  return publisher;
};

const append = async (orgId: Uuid | null = newUuidV7()): Promise<string> =>
  (await audited.append({ orgId: orgId ?? undefined })).event.eventId;
const appendMany = async (count: number): Promise<void> => {
  await Promise.all(Array.from({ length: count }, () => append()));
};
const inOrder = async (): Promise<string[]> => {
  const rows = await server.superuser<{ id: string }[]>`
    select event_id::text as id from audit.leaf order by idx`;
  return rows.map(({ id }) => id);
};
const publishedIds = async (): Promise<string[]> => (await log.published()).map(({ id }) => id);
const untilPublished = (id: string) => eventually(async () => (await publishedIds()).includes(id));
const next = async () =>
  (await server.superuser`select next_idx::int as next from audit.publish_state`)[0]?.next as number;

describe('the publisher', () => {
  it('publishes in the order of the indexes, keyed by organization, as CloudEvents', async () => {
    const orgId = newUuidV7();
    const own = await append(orgId);
    const deployment = await append(null);
    await appendMany(30);
    const last = await append();
    await publish();
    await untilPublished(last);
    const published = await log.published();
    expect(published.map(({ id }) => id)).toEqual(await inOrder());
    expect(published.find(({ id }) => id === own)?.key).toBe(orgId);
    expect(published.find(({ id }) => id === deployment)?.key).toBe('deployment');
    for (const { headers } of published) expect(headers).toContain('application/cloudevents+json');
  });

  it('is woken by an append instead of waiting for the next look', async () => {
    const publisher = await publish();
    await eventually(async () => (await next()) === (await inOrder()).length);
    audited.keeper.onNews(() => publisher.wake());
    const started = performance.now();
    for (let i = 0; i < 8; i++) await untilPublished(await append());
    // Eight looks without a wake-up are a second apart.
    expect(performance.now() - started).toBeLessThan(6000);
  });

  it('goes on where it stopped, without a repetition', async () => {
    const first = await publish();
    await untilPublished(await append());
    await first.stop();
    await appendMany(5);
    await publish();
    await untilPublished((await inOrder()).at(-1) ?? '');
    expect(await publishedIds()).toEqual(await inOrder());
  });

  it('publishes each event once when two of them run', async () => {
    await publish();
    await publish();
    for (let i = 0; i < 10; i++) await appendMany(5);
    await untilPublished((await inOrder()).at(-1) ?? '');
    expect(await publishedIds()).toEqual(await inOrder());
  });

  it('takes the largest event there is', async () => {
    await publish();
    const id = newUuidV7();
    const body = Buffer.from(JSON.stringify({ id, filler: '' }).padEnd(60_000, ' '));
    await audited.intake.append({ ...sampleEvent(), eventId: id, body });
    await append();
    await untilPublished(id);
    await untilPublished((await inOrder()).at(-1) ?? '');
    expect(await publishedIds()).toEqual(await inOrder());
  });

  it('keeps trying while the event log is down; appending goes on', async () => {
    await publish();
    await untilPublished(await append());
    await log.server.kill();
    await appendMany(20);
    await append();
    await log.server.restart();
    await untilPublished((await inOrder()).at(-1) ?? '');
    const ids = await publishedIds();
    expect([...new Set(ids)]).toEqual(await inOrder());
  });

  it('publishes again what may not have arrived, and never steps over anything', async () => {
    await append();
    const real = await openEventLogProducer(log.config);
    let failures = 3;
    await publish({
      publish: async (topic, records) => {
        const positions = await real.publish(topic, records);
        if (failures-- > 0) throw new EventLogError('timeout');
        return positions;
      },
    });
    const wanted = (await inOrder()).length;
    await eventually(async () => (await next()) === wanted);
    await real.close();
    const ids = await publishedIds();
    expect(ids.length).toBeGreaterThan(wanted);
    expect([...new Set(ids)]).toEqual(await inOrder());
  });

  it('publishes nothing that the anchors do not hold, and everything once they do', async () => {
    await publish();
    await untilPublished(await append());
    anchorsAreBroken = true;
    const before = await log.published();
    const known = await inOrder();
    await expect(append()).rejects.toMatchObject({ reason: 'anchor_unavailable' });
    const written = await inOrder();
    // It is in the database, and stays there unseen for longer than a look takes.
    expect(written.length).toBe(known.length + 1);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await log.published()).toEqual(before);
    anchorsAreBroken = false;
    await untilPublished(written.at(-1) ?? '');
  });

  it('publishes checkpoints under the origin, each larger than the one before, the newest last', async () => {
    await publish();
    await append();
    const { note } = audited.keeper.released;
    const notes = await eventually(async () => {
      const all = await log.checkpoints();
      return all.at(-1)?.value === note && all;
    });
    expect(new Set(notes.map(({ key }) => key))).toEqual(new Set([testOrigin]));
    const sizes = notes.map(({ value }) => {
      const verified = verifyCheckpoint(value, { logVerifierKey: testSigner.verifierKey });
      return verified.ok ? verified.size : -1;
    });
    expect(sizes.length).toBeGreaterThan(3);
    expect(sizes).toEqual([...new Set(sizes)].sort((a, b) => a - b));
    expect(sizes).not.toContain(-1);
  });

  it('stops in time although a publish hangs', async () => {
    let cut: (() => void) | undefined;
    const publisher = await publish({
      publish: () =>
        new Promise((_resolve, reject) => {
          cut = () => reject(new EventLogError('severed'));
        }),
      sever: () => cut?.(),
    });
    await append();
    publisher.wake();
    await eventually(async () => cut !== undefined);
    const started = performance.now();
    await publisher.stop();
    expect(performance.now() - started).toBeLessThan(4000);
  });
});
