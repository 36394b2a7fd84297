import { describe, expect } from '@jest/globals';
import { type ContractContext, events, numbered, numbers, record, telemetry } from './context.contract.js';
import { marker, until } from './reading.contract.js';

/** What every consumer promises. */
export const describeConsuming = (context: ContractContext): void => {
  const { keep, reading, test } = context;
  describe('consuming', () => {
    test('starts where the caller says', async () => {
      const mark = marker();
      const positions = await context.insight().publish(telemetry, numbered(mark, 5));
      const third = positions[2];
      if (!third) throw new Error('five were published');
      const offsets = new Map([[third.partition, third.offset]]);
      const reader = await reading({ topic: telemetry, marker: mark, offsets });
      await reader.has(`${mark}4`);
      expect(reader.texts()).toEqual([2, 3, 4].map((n) => `${mark}${n}`));
    });

    test('starts with the earliest when the caller is beyond the end', async () => {
      const mark = marker();
      const [first] = await context.audit().publish(events, numbered(mark, 1));
      const offsets = new Map([[0, (first?.offset ?? 0n) + 1_000n]]);
      const reader = await reading({ topic: events, marker: mark, offsets });
      await reader.has(`${mark}0`);
    });

    test('delivers a refused batch again from its first record, and no more than was asked for', async () => {
      const mark = marker();
      await context.insight().publish(telemetry, numbered(mark, 7));
      const refused: string[] = [];
      let refusals = 3;
      const reader = await reading({
        topic: telemetry,
        marker: mark,
        maxBatchRecords: 2,
        check: (records) => {
          const mine = records.filter(({ value }) => value.toString().startsWith(mark));
          if (mine[0] === undefined || refusals === 0) return;
          refusals -= 1;
          refused.push(mine[0].value.toString());
          throw new Error('the database is away');
        },
      });
      await reader.has(`${mark}6`);
      expect(refused).toEqual([`${mark}0`, `${mark}0`, `${mark}0`]);
      expect(reader.texts()).toEqual(numbers(mark, 7));
      expect(Math.max(...reader.batchSizes)).toBe(2);
    });

    test('gives every group everything', async () => {
      const mark = marker();
      const readers = await Promise.all([1, 2].map(() => reading({ topic: events, marker: mark })));
      await context.audit().publish(events, numbered(mark, 3));
      for (const reader of readers) await reader.has(`${mark}2`);
      for (const reader of readers) expect(reader.texts()).toEqual(numbers(mark, 3));
    });

    test('gives a partition to one consumer of a group, and to the next when that one stops', async () => {
      const mark = marker();
      const shared = { topic: events, marker: mark, group: marker(), offsets: new Map<number, bigint>() };
      const first = await reading(shared);
      await context.audit().publish(events, [record(`${mark}0`)]);
      await first.has(`${mark}0`);
      const second = await reading(shared);
      await context.audit().publish(events, [record(`${mark}1`)]);
      const both = (): string[] => [...first.texts(), ...second.texts()];
      await until(() => both().includes(`${mark}1`));
      await first.subscription.stop();
      await context.audit().publish(events, [record(`${mark}2`)]);
      await second.has(`${mark}2`);
      expect(both().sort()).toEqual(numbers(mark, 3));
    });

    test('delivers nothing after it was stopped', async () => {
      const mark = marker();
      const stopped = await reading({ topic: events, marker: mark });
      await context.audit().publish(events, [record(`${mark}0`)]);
      await stopped.has(`${mark}0`);
      await stopped.subscription.stop();
      await context.audit().publish(events, [record(`${mark}1`)]);
      const other = await reading({ topic: events, marker: mark });
      await other.has(`${mark}1`);
      expect(stopped.texts()).toEqual([`${mark}0`]);
    });

    test('waits for a running batch when it is stopped', async () => {
      const mark = marker();
      let release = (): void => undefined;
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      let entered = false;
      let left = false;
      const consumer = await keep(context.harness().consumer('audit'));
      const subscription = await consumer.run({
        topic: events,
        group: marker(),
        startAt: async () => undefined,
        onBatch: async () => {
          entered = true;
          await held;
          left = true;
        },
      });
      await context.audit().publish(events, [record(`${mark}0`)]);
      await until(() => entered);
      const stopping = subscription.stop();
      setTimeout(release, 100);
      await stopping;
      expect(left).toBe(true);
    });

    test('tells its lag and the time of its last batch', async () => {
      const mark = marker();
      let refuse = true;
      const reader = await reading({
        topic: events,
        marker: mark,
        check: () => {
          if (refuse) throw new Error('the database is away');
        },
      });
      await context.audit().publish(events, numbered(mark, 3));
      await until(() => reader.subscription.lagRecords() >= 3);
      expect(reader.subscription.lastBatchAtMs()).toBeUndefined();
      refuse = false;
      await reader.has(`${mark}2`);
      await until(() => reader.subscription.lagRecords() === 0);
      expect(reader.subscription.lastBatchAtMs()).toBeLessThanOrEqual(Date.now());
    });
  });
};
