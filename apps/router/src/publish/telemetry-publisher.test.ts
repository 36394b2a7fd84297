import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { decodePack, packBytesMax, packRecordsMax } from '@lethe/contracts';
import { EventLogError } from '@lethe/event-log';
import fc from 'fast-check';
import { readableLog, ScriptedLog } from '../testing/scripted-log.js';
import { TelemetryPublisher, type TelemetryPublisherOptions } from './telemetry-publisher.js';

const lingerMs = 5;
const publisherOf = (producer: ScriptedLog, change: Partial<TelemetryPublisherOptions> = {}) => {
  const { log, lines } = readableLog();
  const options = { producer, log, queueRecordsMax: 10_000, queueBytesMax: 10_000_000, lingerMs, ...change };
  return { publisher: new TelemetryPublisher(options), lines };
};
const recordOf = (n: number, bytes = 0): Buffer => Buffer.from(`record ${n}.`.padEnd(bytes, '.'));
const packsOf = (producer: ScriptedLog): string[][] =>
  producer.stored.map(({ value }) => decodePack(value).map(({ bytes }) => String(bytes)));
const storedBy = (producer: ScriptedLog): string[] => packsOf(producer).flat();

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('packs', () => {
  it('hold what came within the linger, in order, on the telemetry topic and without a key', async () => {
    const producer = new ScriptedLog();
    const { publisher } = publisherOf(producer);
    for (const n of [1, 2]) publisher.offer(recordOf(n));
    await jest.advanceTimersByTimeAsync(lingerMs - 1);
    expect(producer.calls).toEqual([]);
    publisher.offer(recordOf(3));
    await jest.advanceTimersByTimeAsync(1);
    expect(packsOf(producer)).toEqual([['record 1.', 'record 2.', 'record 3.']]);
    expect(producer.calls[0]).toMatchObject({
      topic: 'lethe.insight.telemetry.v1',
      records: [{ key: null }],
    });
    publisher.offer(recordOf(4));
    await jest.advanceTimersByTimeAsync(lingerMs);
    expect(packsOf(producer).at(-1)).toEqual(['record 4.']);
    expect(publisher).toMatchObject({ depth: 0, fill: 0, recordsStored: 4, recordsLost: 0 });
  });

  it('wait for company behind a pack as well, and no longer once one is full', async () => {
    const producer = new ScriptedLog();
    const { publisher } = publisherOf(producer);
    publisher.offer(recordOf(1));
    await jest.advanceTimersByTimeAsync(lingerMs);
    publisher.offer(recordOf(2));
    await jest.advanceTimersByTimeAsync(lingerMs - 1);
    publisher.offer(recordOf(3));
    expect(packsOf(producer)).toEqual([['record 1.']]);
    await jest.advanceTimersByTimeAsync(1);
    expect(packsOf(producer).at(-1)).toEqual(['record 2.', 'record 3.']);
    for (let n = 4; n < 4 + packRecordsMax; n += 1) publisher.offer(recordOf(n));
    await jest.advanceTimersByTimeAsync(0);
    expect(packsOf(producer).at(-1)).toHaveLength(packRecordsMax);
  });

  it('wait for nothing when somebody waits for them', async () => {
    const producer = new ScriptedLog();
    const { publisher } = publisherOf(producer, { lingerMs: 60_000 });
    publisher.offer(recordOf(1), () => undefined);
    await jest.advanceTimersByTimeAsync(0);
    expect(storedBy(producer)).toEqual(['record 1.']);
  });

  it('stay within their bounds and lose and reorder nothing, for any records', async () => {
    const sizes = fc.array(
      fc.oneof(fc.integer({ min: 12, max: 400 }), fc.integer({ min: 12, max: 20_000 })),
      {
        maxLength: 400,
      },
    );
    await fc.assert(
      fc.asyncProperty(sizes, async (list) => {
        const producer = new ScriptedLog();
        const { publisher } = publisherOf(producer);
        const given = list.map((bytes, n) => recordOf(n, bytes));
        for (const record of given) publisher.offer(record);
        // What a full pack left behind waits for company once more.
        await jest.advanceTimersByTimeAsync(2 * lingerMs);
        expect(storedBy(producer)).toEqual(given.map(String));
        for (const { value } of producer.stored) {
          expect(value.length).toBeLessThanOrEqual(packBytesMax);
          expect(decodePack(value).length).toBeLessThanOrEqual(packRecordsMax);
        }
        expect(publisher.fill).toBe(0);
      }),
      { seed: 3, numRuns: 60 },
    );
  });

  it('are as full as they may be', async () => {
    const producer = new ScriptedLog();
    const { publisher } = publisherOf(producer);
    for (let n = 0; n < 250; n += 1) publisher.offer(recordOf(n));
    await jest.advanceTimersByTimeAsync(lingerMs);
    expect(packsOf(producer).map((pack) => pack.length)).toEqual([100, 100, 50]);
  });

  it('never hold a record that no pack can hold: it alone is lost', async () => {
    const producer = new ScriptedLog();
    const { publisher } = publisherOf(producer);
    publisher.offer(recordOf(1, packBytesMax - 3));
    publisher.offer(recordOf(2, packBytesMax - 2));
    publisher.offer(recordOf(3));
    await jest.advanceTimersByTimeAsync(2 * lingerMs);
    expect(storedBy(producer).map((text) => text.slice(0, 8))).toEqual(['record 1', 'record 3']);
    expect(publisher).toMatchObject({ recordsLost: 1, fill: 0, depth: 0 });
  });
});

describe('one publish at a time', () => {
  it('also while records keep coming and calls fail', async () => {
    const producer = new ScriptedLog((call) => (call % 3 === 0 ? 'fails' : 'hangs'));
    const { publisher } = publisherOf(producer);
    for (let n = 0; n < 500; n += 1) {
      publisher.offer(recordOf(n));
      await jest.advanceTimersByTimeAsync(7);
      if (n % 4 === 0) producer.settle();
    }
    producer.answer = () => 'stores';
    producer.settle();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(producer.atOnceMax).toBe(1);
    expect(storedBy(producer)).toEqual(Array.from({ length: 500 }, (_, n) => `record ${n}.`));
  });
});

describe('while the event log is down', () => {
  it('nothing within the bound is lost, for ten minutes, and how full it is can be read', async () => {
    const producer = new ScriptedLog(() => 'fails');
    const { publisher, lines } = publisherOf(producer, { queueRecordsMax: 1_000 });
    for (let n = 0; n < 600; n += 1) {
      publisher.offer(recordOf(n));
      await jest.advanceTimersByTimeAsync(1_000);
    }
    expect(publisher).toMatchObject({
      depth: 600,
      fill: 0.6,
      accepting: true,
      recordsLost: 0,
      recordsStored: 0,
    });
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({
      event: 'telemetry.publish_failed',
      code: 'unavailable',
      waiting: 600,
      fillPermille: 600,
    });
    expect(publisher.failuresInARow).toBe(producer.calls.length);
    producer.answer = () => 'stores';
    await jest.advanceTimersByTimeAsync(2_000);
    expect(storedBy(producer)).toEqual(Array.from({ length: 600 }, (_, n) => `record ${n}.`));
    expect(publisher).toMatchObject({ depth: 0, fill: 0, failuresInARow: 0, recordsStored: 600 });
  });

  it('it is asked soon at first, then every two seconds', async () => {
    const producer = new ScriptedLog(() => 'fails');
    const { publisher } = publisherOf(producer);
    publisher.offer(recordOf(1));
    await jest.advanceTimersByTimeAsync(lingerMs + 100);
    expect(producer.calls.length).toBe(2);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(producer.calls.length).toBeGreaterThan(30);
    expect(producer.calls.length).toBeLessThan(40);
  });

  it('new work is refused before a record would be lost, by count and by bytes', () => {
    for (const bounds of [{ queueRecordsMax: 100 }, { queueBytesMax: 100 * 50 }]) {
      const { publisher, lines } = publisherOf(new ScriptedLog(() => 'hangs'), bounds);
      for (let n = 0; n < 94; n += 1) expect(publisher.offer(recordOf(n, 50))).toBe(true);
      expect(publisher.accepting).toBe(true);
      publisher.offer(recordOf(94, 50));
      expect([publisher.accepting, publisher.recordsLost]).toEqual([false, 0]);
      for (let n = 95; n < 100; n += 1) publisher.offer(recordOf(n, 50));
      expect([publisher.fill, publisher.recordsLost, lines]).toEqual([1, 0, []]);
      expect(publisher.offer(recordOf(100, 50), () => lines.push('stored'))).toBe(false);
      expect([publisher.fill, publisher.recordsLost, publisher.depth]).toEqual([1, 1, 100]);
      expect(JSON.parse(lines[0] ?? '')).toMatchObject({ event: 'telemetry.lost', lost: 1 });
    }
  });

  it('what is on its way counts as waiting until it is stored', async () => {
    const producer = new ScriptedLog(() => 'hangs');
    const { publisher } = publisherOf(producer, { queueRecordsMax: 10, queueBytesMax: 900 });
    for (let n = 0; n < 5; n += 1) publisher.offer(recordOf(n, 90));
    await jest.advanceTimersByTimeAsync(lingerMs);
    expect([publisher.depth, publisher.fill]).toEqual([5, 0.5]);
    producer.settle();
    await jest.advanceTimersByTimeAsync(0);
    expect([publisher.depth, publisher.fill]).toEqual([0, 0]);
  });

  it('errors of any kind are survived, and only their code is logged', async () => {
    const producer = new ScriptedLog(() => 'hangs');
    const { publisher, lines } = publisherOf(producer);
    publisher.offer(recordOf(1));
    for (const error of [new Error('CANARY-7f1f'), new EventLogError('denied')]) {
      await jest.advanceTimersByTimeAsync(3_000);
      producer.settle(error);
    }
    producer.answer = () => 'stores';
    await jest.advanceTimersByTimeAsync(3_000);
    expect(storedBy(producer)).toEqual(['record 1.']);
    expect(lines.map((line) => JSON.parse(line).code)).toEqual(['unknown', 'denied']);
    expect(lines.join('')).not.toContain('CANARY');
  });
});

describe('onStored', () => {
  it('runs once, after the acknowledgement and not before, for its own record', async () => {
    const producer = new ScriptedLog((call) => (call < 3 ? 'fails' : 'hangs'));
    const { publisher } = publisherOf(producer);
    const told: string[] = [];
    publisher.offer(recordOf(1), () => told.push('first'));
    publisher.offer(recordOf(2));
    publisher.offer(recordOf(3), () => told.push('third'));
    await jest.advanceTimersByTimeAsync(10_000);
    expect([producer.calls.length, told]).toEqual([3, []]);
    producer.settle();
    await jest.advanceTimersByTimeAsync(0);
    expect(told).toEqual(['first', 'third']);
  });
});

describe('drain', () => {
  it('waits until everything is stored, what comes meanwhile too, and says that nothing is left', async () => {
    const producer = new ScriptedLog(() => 'hangs');
    const { publisher } = publisherOf(producer);
    for (let n = 0; n < 150; n += 1) publisher.offer(recordOf(n));
    const left = publisher.drain(10_000);
    await jest.advanceTimersByTimeAsync(100);
    publisher.offer(recordOf(150));
    producer.answer = () => 'stores';
    producer.settle();
    await jest.advanceTimersByTimeAsync(0);
    expect(await left).toBe(0);
    expect(storedBy(producer)).toEqual(Array.from({ length: 151 }, (_, n) => `record ${n}.`));
  });

  it('is done at once when nothing waits', async () => {
    expect(await publisherOf(new ScriptedLog()).publisher.drain(10_000)).toBe(0);
  });

  it('tries again at once and often when the log was down, then gives up at its deadline', async () => {
    const producer = new ScriptedLog(() => 'fails');
    const { publisher } = publisherOf(producer);
    publisher.offer(recordOf(1));
    await jest.advanceTimersByTimeAsync(60_050);
    const before = producer.calls.length;
    let left: number | undefined;
    void publisher.drain(1_200).then((count) => {
      left = count;
    });
    await jest.advanceTimersByTimeAsync(0);
    expect(producer.calls.length).toBe(before + 1);
    await jest.advanceTimersByTimeAsync(1_199);
    expect(producer.calls.length).toBeGreaterThanOrEqual(before + 10);
    expect(left).toBeUndefined();
    await jest.advanceTimersByTimeAsync(1);
    expect(left).toBe(1);
  });

  it('a log that comes back before the deadline still gets all', async () => {
    const producer = new ScriptedLog(() => 'fails');
    const { publisher } = publisherOf(producer);
    publisher.offer(recordOf(1));
    await jest.advanceTimersByTimeAsync(60_000);
    const left = publisher.drain(1_200);
    await jest.advanceTimersByTimeAsync(900);
    producer.answer = () => 'stores';
    await jest.advanceTimersByTimeAsync(299);
    expect(await left).toBe(0);
    expect(storedBy(producer)).toEqual(['record 1.']);
  });

  it('afterwards nothing is sent or taken in any more, and no timer is left', async () => {
    const producer = new ScriptedLog(() => 'fails');
    const { publisher } = publisherOf(producer);
    publisher.offer(recordOf(1));
    const left = publisher.drain(500);
    await jest.advanceTimersByTimeAsync(500);
    expect(await left).toBe(1);
    await jest.advanceTimersByTimeAsync(200);
    const calls = producer.calls.length;
    publisher.offer(recordOf(2));
    await jest.advanceTimersByTimeAsync(60_000);
    expect(producer.calls.length).toBe(calls);
    expect(publisher.recordsLost).toBe(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});
