import { describe, expect, it } from '@jest/globals';
import type { AppendableEvent } from '../append/read-event.js';
import { sampleEvent } from '../testing/running-log.contract.js';
import { PendingQueue } from './pending-queue.js';

const limits = { callsMax: 5, bytesMax: 10_000, batchEventsMax: 3, batchBytesMax: 2000 };
const eventOf = (bytes: number, eventId?: AppendableEvent['eventId']): AppendableEvent => {
  const sample = sampleEvent();
  return { ...sample, eventId: eventId ?? sample.eventId, body: Buffer.alloc(bytes) };
};
const pending = (event: AppendableEvent) => ({
  event,
  withProof: true,
  isTooLate: () => false,
  resolve: () => {},
  reject: () => {},
});
const sizes = (batch: readonly { event: AppendableEvent }[]) => batch.map(({ event }) => event.body.length);

describe('calls that wait', () => {
  it('are taken in order, as many as a batch holds by number and by bytes, at least one', () => {
    const queue = new PendingQueue(limits);
    for (const bytes of [10, 20, 30, 3000, 40]) expect(queue.offer(pending(eventOf(bytes)))).toBe(true);
    expect(sizes(queue.take())).toEqual([10, 20, 30]);
    expect(sizes(queue.take())).toEqual([3000]);
    expect(sizes(queue.take())).toEqual([40]);
    expect(queue.take()).toEqual([]);
  });

  it('are refused when there are too many, or too many bytes, and not any more once some were taken', () => {
    const queue = new PendingQueue(limits);
    for (let i = 0; i < 5; i++) expect(queue.offer(pending(eventOf(10)))).toBe(true);
    expect(queue.offer(pending(eventOf(10)))).toBe(false);
    queue.take();
    expect(queue.offer(pending(eventOf(9_000)))).toBe(true);
    expect(queue.offer(pending(eventOf(1_000)))).toBe(false);
    expect(queue.length).toBe(3);
  });

  it('are never twice in a batch for one event: the second call stays first in line', () => {
    const queue = new PendingQueue(limits);
    const twice = eventOf(10);
    for (const event of [twice, eventOf(20), twice, eventOf(30), eventOf(40)]) queue.offer(pending(event));
    expect(sizes(queue.take())).toEqual([10, 20, 30]);
    expect(sizes(queue.take())).toEqual([10, 40]);
    expect(queue.offer(pending(eventOf(9_999)))).toBe(true);
  });
});
