import { describe, expect, it } from '@jest/globals';
import { createMetrics } from '@lethe/service-kit';
import { addConsumerMetrics } from './consumer-metrics.js';
import type { ConsumerState } from './topic-consumer.js';
import { WaitingSince } from './waiting-since.js';

const records = (...timesMs: number[]) =>
  timesMs.map((timestampMs, index) => ({
    ...{ key: null, value: Buffer.alloc(0), partition: 0, offset: BigInt(index), timestampMs },
  }));

describe('since when telemetry waits', () => {
  it('is the first record of the batch that is being processed, also when it is tried again', () => {
    const waiting = new WaitingSince(() => 10_000);
    waiting.begins(records(2000, 3000));
    expect(waiting.at(2)).toBe(2000);
    waiting.begins(records(2000, 3000));
    expect(waiting.at(0)).toBe(2000);
  });

  it('is the last processed record while more wait, and nothing once there is no lag', () => {
    const waiting = new WaitingSince(() => 10_000);
    waiting.begins(records(2000, 3000));
    waiting.processed(records(2000, 3000));
    expect(waiting.at(5)).toBe(3000);
    expect(waiting.at(0)).toBeUndefined();
    // It was seen to have none at 10,000: what waits now came later.
    expect(waiting.at(1)).toBe(10_000);
  });

  it('is the start of the consumer before it has read anything', () => {
    let now = 5000;
    const waiting = new WaitingSince(() => now);
    now = 65_000;
    expect(waiting.at(undefined)).toBe(5000);
  });
});

describe('the figures of the consumers', () => {
  it('show how long the oldest record has been waiting', async () => {
    const registry = createMetrics('accounting');
    const state: ConsumerState = {
      topic: 'lethe.insight.telemetry.v1',
      working: false,
      lagRecords: 4,
      lastBatchAtMs: undefined,
      waitingSinceMs: 40_000,
    };
    addConsumerMetrics(
      registry,
      () => [state],
      () => 100_000,
    );
    const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('lethe_'));
    const labels = 'topic="lethe.insight.telemetry.v1",service="accounting"';
    expect(lines).toEqual([
      `lethe_accounting_consumer_lag_records{${labels}} 4`,
      `lethe_accounting_consumer_lag_seconds{${labels}} 60`,
      `lethe_accounting_consumer_working{${labels}} 0`,
    ]);
  });
});
