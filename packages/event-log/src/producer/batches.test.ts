import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { EventLogRecord, TopicName } from '../port.js';
import { topicRules } from '../topics.js';
import { intoBatches } from './batches.js';

const topic: TopicName = 'lethe.insight.telemetry.v1';
const records = fc.array(
  fc.record({
    key: fc.option(fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes))),
    value: fc.integer({ min: 0, max: 30_000 }).map((size) => Buffer.alloc(size)),
  }),
  { maxLength: 60 },
);
const bytesOf = (batch: readonly EventLogRecord[]): number =>
  batch.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + value.length, 0);

describe('intoBatches', () => {
  it('keeps every record, in order, within the limits of a batch', () => {
    fc.assert(
      fc.property(records, (all) => {
        const batches = intoBatches(topic, all);
        expect(batches.flat()).toEqual(all);
        for (const batch of batches) {
          expect(batch.length).toBeGreaterThan(0);
          expect(bytesOf(batch)).toBeLessThan(topicRules[topic].maxBatchBytes);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('counts headers, and records that are small', () => {
    const value = Buffer.alloc(0);
    expect(
      intoBatches(
        topic,
        Array.from({ length: 1_001 }, () => ({ key: null, value })),
      ),
    ).toHaveLength(3);
    const headers = { name: 'x'.repeat(40_000) };
    expect(
      intoBatches(
        topic,
        [1, 2].map(() => ({ key: null, value, headers })),
      ),
    ).toHaveLength(2);
    const tooLarge = [{ key: null, value, headers: { name: 'x'.repeat(66_000) } }];
    expect(() => intoBatches(topic, tooLarge)).toThrow('exceeds the limit');
  });
});
