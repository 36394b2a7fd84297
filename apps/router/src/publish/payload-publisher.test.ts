import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { type ApiKeyId, newUuidV7, type OrgId } from '@lethe/contracts';
import { openWrites } from '../testing/open-writes.js';
import { readableLog, ScriptedLog } from '../testing/scripted-log.js';
import { type OutgoingPayload, PayloadPublisher, type PayloadPublisherOptions } from './payload-publisher.js';

const [orgId, apiKeyId, sealingKeyId] = [newUuidV7() as OrgId, newUuidV7() as ApiKeyId, newUuidV7()];
const payloadOf = (n: number, bytes = 32): OutgoingPayload => ({
  orgId,
  apiKeyId,
  sealingKeyId,
  record: Buffer.from(`sealed ${n}.`.padEnd(bytes, '.')),
});
const publisherOf = (producer: ScriptedLog, change: Partial<PayloadPublisherOptions> = {}) => {
  const { log, lines } = readableLog();
  const publisher = new PayloadPublisher({
    producer,
    log,
    writes: openWrites(),
    queueRecordsMax: 1_000,
    queueBytesMax: 10_000_000,
    ...change,
  });
  const offer = (...payloads: OutgoingPayload[]): OutgoingPayload[] => {
    for (const payload of payloads) publisher.offer(payload);
    return payloads;
  };
  return { publisher, offer, lines };
};
const isZeroed = ({ record }: OutgoingPayload): boolean => record.every((byte) => byte === 0);
const numberOf = (value: Buffer): number => Number(/^sealed (\d+)\./.exec(value.toString())?.[1]);
const storedBy = (producer: ScriptedLog): number[] => producer.stored.map(({ value }) => numberOf(value));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
const soon = () => jest.advanceTimersByTimeAsync(0);
const later = () => jest.advanceTimersByTimeAsync(60_000);

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

describe('sealed payload', () => {
  it('leaves in order on its own topic under the key of its organization, and is overwritten then', async () => {
    const producer = new ScriptedLog();
    const { publisher, offer } = publisherOf(producer);
    const payloads = offer(...upTo(40).map((n) => payloadOf(n)));
    expect(payloads.some(isZeroed)).toBe(false);
    await soon();
    expect(storedBy(producer)).toEqual(upTo(40));
    expect(new Set(producer.calls.map(({ topic }) => topic))).toEqual(new Set(['lethe.insight.payload.v1']));
    expect(new Set(producer.stored.map(({ key }) => key?.toString()))).toEqual(new Set([orgId]));
    expect(payloads.every(isZeroed)).toBe(true);
    expect(publisher).toMatchObject({ depth: 0, dropped: 0, revoked: 0 });
  });

  it('goes in batches that stay within their bounds, one at a time', async () => {
    const producer = new ScriptedLog((call) => (call % 2 === 0 ? 'hangs' : 'stores'));
    const { offer } = publisherOf(producer);
    offer(...upTo(60).map((n) => payloadOf(n, n % 5 === 0 ? 400 * 1024 : 1_024)));
    offer(payloadOf(60, 900 * 1024), payloadOf(61));
    for (let turn = 0; turn < 40; turn += 1) {
      await soon();
      producer.settle();
    }
    expect(storedBy(producer)).toEqual(upTo(62));
    expect(producer.atOnceMax).toBe(1);
    for (const { records } of producer.calls) {
      const bytes = records.reduce((sum, { value }) => sum + value.length, 0);
      expect(records.length).toBeLessThanOrEqual(16);
      if (records.length > 1) expect(bytes).toBeLessThanOrEqual(768 * 1024);
    }
  });

  it('is never left lying when it comes at the very moment the queue has run dry', async () => {
    const producer = new ScriptedLog();
    const { publisher, offer } = publisherOf(producer);
    for (let ticks = 0; ticks < 30; ticks += 1) {
      offer(payloadOf(2 * ticks));
      for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve();
      offer(payloadOf(2 * ticks + 1));
      await soon();
      expect([ticks, publisher.depth]).toEqual([ticks, 0]);
    }
    expect(storedBy(producer)).toEqual(upTo(60));
  });
});

describe('the policy', () => {
  it('is asked right before every attempt: what was revoked in between is overwritten and never sent', async () => {
    const revoked = new Set<Buffer>();
    const asked: number[] = [];
    const producer = new ScriptedLog((call) => (call < 3 ? 'fails' : 'stores'));
    const { publisher, offer } = publisherOf(producer, {
      writes: openWrites<OutgoingPayload>(({ record }) => {
        asked.push(numberOf(record));
        return !revoked.has(record);
      }),
    });
    const payloads = offer(...upTo(3).map((n) => payloadOf(n)));
    const [first, second, third] = payloads as [OutgoingPayload, OutgoingPayload, OutgoingPayload];
    await soon();
    expect([producer.calls.length, asked]).toEqual([1, [0, 1, 2]]);
    revoked.add(second.record);
    await jest.advanceTimersByTimeAsync(200);
    expect([producer.calls.length, asked]).toEqual([2, [0, 1, 2, 0, 1, 2]]);
    expect(payloads.map(isZeroed)).toEqual([false, true, false]);
    revoked.add(third.record);
    await later();
    expect(producer.calls.map(({ records }) => records.map(({ value }) => numberOf(value)))).toEqual([
      [0, 1, 2],
      [0, 2],
      [0],
    ]);
    expect([isZeroed(first), isZeroed(third), publisher.revoked, publisher.dropped]).toEqual([
      true,
      true,
      2,
      0,
    ]);
  });

  it('is asked for what has waited in the queue, not when it came', async () => {
    let open = true;
    const producer = new ScriptedLog(() => 'hangs');
    const { publisher, offer } = publisherOf(producer, { writes: openWrites(() => open) });
    const payloads = offer(...upTo(20).map((n) => payloadOf(n)));
    await soon();
    open = false;
    producer.answer = () => 'stores';
    producer.settle();
    await later();
    expect(storedBy(producer)).toEqual(upTo(16));
    expect([publisher.revoked, payloads.every(isZeroed)]).toEqual([4, true]);
  });

  it('that allows nothing lets nothing near the log', async () => {
    const producer = new ScriptedLog();
    const { offer } = publisherOf(producer, { writes: openWrites(() => false) });
    const payloads = offer(...upTo(5).map((n) => payloadOf(n)));
    await later();
    expect([producer.calls.length, payloads.every(isZeroed)]).toEqual([0, true]);
  });
});

describe('what cannot be sent', () => {
  it('is tried three times, then dropped, overwritten and counted; the next batch has its own tries', async () => {
    const producer = new ScriptedLog((call) => (call <= 3 ? 'fails' : 'stores'));
    const { publisher, offer, lines } = publisherOf(producer);
    const payloads = offer(...upTo(17).map((n) => payloadOf(n)));
    await jest.advanceTimersByTimeAsync(200 + 400 - 1);
    expect(producer.calls.length).toBe(2);
    expect(payloads.some(isZeroed)).toBe(false);
    await later();
    expect(producer.calls.map(({ records }) => records.length)).toEqual([16, 16, 16, 1]);
    expect(storedBy(producer)).toEqual([16]);
    expect([publisher.dropped, payloads.every(isZeroed)]).toEqual([16, true]);
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ event: 'payload.dropped', dropped: 16 }]);
  });

  it('does not fit when the queue is full, by count or by bytes: it is dropped, what waits is not', async () => {
    for (const bounds of [{ queueRecordsMax: 3 }, { queueBytesMax: 3 * 32 }]) {
      const producer = new ScriptedLog();
      const { publisher, offer } = publisherOf(producer, bounds);
      const payloads = offer(...upTo(5).map((n) => payloadOf(n)));
      expect([publisher.depth, publisher.dropped]).toEqual([3, 2]);
      expect(payloads.map(isZeroed)).toEqual([false, false, false, true, true]);
      await soon();
      expect(storedBy(producer)).toEqual([0, 1, 2]);
      offer(...upTo(3).map((n) => payloadOf(n + 5)));
      await soon();
      expect([storedBy(producer), publisher.dropped]).toEqual([[0, 1, 2, 5, 6, 7], 2]);
    }
  });

  it('gives way at once: dropAll overwrites everything that waits and leaves the queue usable', async () => {
    const producer = new ScriptedLog();
    const { publisher, offer } = publisherOf(producer, { queueBytesMax: 64 });
    const payloads = offer(payloadOf(0), payloadOf(1));
    publisher.dropAll();
    expect([publisher.depth, publisher.dropped, payloads.every(isZeroed)]).toEqual([0, 2, true]);
    offer(payloadOf(2), payloadOf(3));
    await soon();
    expect(storedBy(producer)).toEqual([2, 3]);
  });
});

describe('drain', () => {
  it('sends what waits, then severs the connection', async () => {
    const producer = new ScriptedLog();
    const { publisher, offer } = publisherOf(producer);
    offer(...upTo(20).map((n) => payloadOf(n)));
    const drained = publisher.drain(300);
    await soon();
    await drained;
    expect([storedBy(producer).length, producer.severed, publisher.dropped]).toEqual([20, 1, 0]);
  });

  it('severs when nothing waits', async () => {
    const producer = new ScriptedLog();
    await publisherOf(producer).publisher.drain(300);
    expect(producer.severed).toBe(1);
  });

  it('severs at its deadline: what was on its way or waited is dropped and no attempt follows', async () => {
    const producer = new ScriptedLog(() => 'hangs');
    const { publisher, offer } = publisherOf(producer);
    const payloads = offer(...upTo(20).map((n) => payloadOf(n)));
    let over = false;
    void publisher.drain(300).then(() => {
      over = true;
    });
    await jest.advanceTimersByTimeAsync(299);
    expect([over, producer.severed]).toEqual([false, 0]);
    producer.answer = () => 'stores';
    await jest.advanceTimersByTimeAsync(1);
    expect([over, producer.severed]).toEqual([true, 1]);
    await later();
    expect(producer.calls.length).toBe(1);
    expect([publisher.dropped, publisher.depth, payloads.every(isZeroed)]).toEqual([20, 0, true]);
  });

  it('is not followed by a retry that was waiting for its turn', async () => {
    const producer = new ScriptedLog(() => 'fails');
    const { publisher, offer } = publisherOf(producer);
    const payloads = offer(payloadOf(0));
    await jest.advanceTimersByTimeAsync(300);
    expect(producer.calls.length).toBe(2);
    const drained = publisher.drain(50);
    await jest.advanceTimersByTimeAsync(50);
    await drained;
    producer.answer = () => 'stores';
    await later();
    expect([producer.calls.length, payloads.every(isZeroed), publisher.dropped]).toEqual([2, true, 1]);
  });

  it('is the end: what comes later is dropped', async () => {
    const producer = new ScriptedLog();
    const { publisher, offer } = publisherOf(producer);
    await publisher.drain(300);
    const payloads = offer(payloadOf(0));
    await later();
    expect([producer.calls.length, payloads.every(isZeroed), publisher.dropped]).toEqual([0, true, 1]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
