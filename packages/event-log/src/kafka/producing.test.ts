import { describe, expect, it } from '@jest/globals';
import type { Message, PartitionMetadata, RecordMetadata } from 'kafkajs';
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';
import { correctIdleTimer } from './idle-timer.js';
import { Partitioning } from './partitioning.js';
import { positionsOf } from './producer.js';

const message = (): Message => ({ key: null, value: Buffer.from('x') });
const result = (partition: number, baseOffset?: string, errorCode = 0): RecordMetadata => ({
  topicName: 't',
  partition,
  errorCode,
  ...(baseOffset !== undefined && { baseOffset }),
});

describe('positionsOf', () => {
  const messages = [message(), message(), message()];
  const partitions = new Map(messages.map((each, index) => [each, index % 2]));
  const partitionOf = (each: Message): number | undefined => partitions.get(each);

  it('counts on from the first offset of each partition', () => {
    expect(positionsOf(messages, [result(1, '7'), result(0, '40')], partitionOf)).toEqual([
      { partition: 0, offset: 40n },
      { partition: 1, offset: 7n },
      { partition: 0, offset: 41n },
    ]);
  });

  it.each([
    ['no result at all', []],
    ['no result of one partition', [result(0, '40')]],
    ['no offset', [result(0, '40'), result(1)]],
    ['an offset that is none', [result(0, '40'), result(1, '-1')]],
    ['an error code', [result(0, '40'), result(1, '7', 7)]],
  ])('takes %s for a failure', (_, results) => {
    expect(() => positionsOf(messages, results, partitionOf)).toThrow('not available');
  });
});

describe('Partitioning', () => {
  const partitionMetadata = [2, 0, 1].map((partitionId) => ({ partitionId, leader: 1 }) as PartitionMetadata);
  const choose = (partitioning: Partitioning, each: Message): number =>
    partitioning.partitioner()({ topic: 't', partitionMetadata, message: each });

  it('keeps the records of one publish together and the publishes apart', () => {
    const partitioning = new Partitioning();
    const publishes = [1, 2, 3].map(() => {
      partitioning.next();
      return new Set([1, 2, 3].map(() => choose(partitioning, message())));
    });
    expect(publishes.map(({ size }) => size)).toEqual([1, 1, 1]);
    expect(new Set(publishes.flatMap((set) => [...set]))).toEqual(new Set([0, 1, 2]));
  });

  it('keeps the records of one key together for ever', () => {
    const partitioning = new Partitioning();
    const chosen = [1, 2, 3, 4, 5].map(() => {
      partitioning.next();
      return choose(partitioning, { key: Buffer.from('org'), value: null });
    });
    expect(new Set(chosen).size).toBe(1);
  });

  it('remembers a choice until it may forget it', () => {
    const partitioning = new Partitioning();
    const each = message();
    const chosen = choose(partitioning, each);
    expect(partitioning.of(each)).toBe(chosen);
    partitioning.forget();
    expect(partitioning.of(each)).toBeUndefined();
  });
});

describe('the idle timer of kafkajs', () => {
  const schedule = RequestQueue.prototype.scheduleCheckPendingRequests;
  const queue = (): InstanceType<typeof RequestQueue> =>
    new RequestQueue({
      requestTimeout: 1_000,
      clientId: 'c',
      broker: 'b',
      logger: { debug: () => undefined },
    });
  const timerOf = (scheduling: () => void, pending: unknown[]): unknown => {
    const idle = Object.assign(queue(), { pending });
    scheduling.call(idle);
    const timer = idle.throttleCheckTimeoutId;
    clearTimeout(timer as NodeJS.Timeout);
    return timer;
  };

  it('runs without need before the correction, only when something waits after it', () => {
    expect(timerOf(schedule, [])).not.toBeNull();
    correctIdleTimer();
    const corrected = RequestQueue.prototype.scheduleCheckPendingRequests;
    expect(timerOf(corrected, [])).toBeNull();
    expect(timerOf(corrected, ['a request'])).not.toBeNull();
  });
});
