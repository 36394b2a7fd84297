import { describe, expect } from '@jest/globals';
import type { EventLogRecord, TopicName } from '../port.js';
import { topicRules } from '../topics.js';
import {
  type ContractContext,
  checkpoints,
  events,
  numbered,
  numbers,
  payload,
  record,
  telemetry,
} from './context.contract.js';
import { codeOf, marker, until } from './reading.contract.js';

/** What every producer promises. */
export const describePublishing = (context: ContractContext): void => {
  const { keep, reading, test } = context;
  describe('publishing', () => {
    test('keeps keys, headers and bytes as they were', async () => {
      const mark = marker();
      const allBytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      const value = (rest: Buffer): Buffer => Buffer.concat([Buffer.from(mark), rest]);
      const sent: EventLogRecord[] = [
        { key: null, value: value(allBytes) },
        { key: allBytes, value: value(Buffer.from('"\\{}NULL,\'')) },
        { key: Buffer.alloc(0), value: value(Buffer.alloc(0)), headers: { kind: 'x', 'ü "\\': '∆ \n\'"' } },
      ];
      await context.insight().publish(telemetry, sent);
      const reader = await reading({ topic: telemetry, marker: mark });
      await until(() => reader.records.length === sent.length);
      for (const each of sent) {
        const found = reader.records.find(({ value: stored }) => stored.equals(each.value));
        expect(found?.key).toEqual(each.key);
        expect(found?.headers ?? {}).toEqual(each.headers ?? {});
      }
      expect(Math.abs((reader.records[0]?.timestampMs ?? 0) - Date.now())).toBeLessThan(3_600_000);
    });

    test('stores the records of one key in order, at dense and growing offsets', async () => {
      const mark = marker();
      const positions = [
        ...(await context.insight().publish(telemetry, numbered(mark, 3))),
        ...(await context.insight().publish(telemetry, [record(`${mark}3`), record(`${mark}4`)])),
      ];
      const first = positions[0]?.offset ?? -1n;
      expect(positions.map(({ offset }) => offset - first)).toEqual([0n, 1n, 2n, 3n, 4n]);
      expect(new Set(positions.map(({ partition }) => partition)).size).toBe(1);
      const reader = await reading({ topic: telemetry, marker: mark });
      await until(() => reader.records.length === 5);
      expect(reader.texts()).toEqual(numbers(mark, 5));
      expect(reader.records.map(({ partition, offset }) => ({ partition, offset }))).toEqual(positions);
    });

    test('takes more than one batch of a topic holds, and nothing', async () => {
      const mark = marker();
      const big = Array.from({ length: 5 }, (_, i) => record(`${mark}${i}${'x'.repeat(20_000)}`));
      const positions = await context.insight().publish(telemetry, big);
      expect(positions.map(({ offset }) => offset - (positions[0]?.offset ?? 0n))).toEqual([
        0n,
        1n,
        2n,
        3n,
        4n,
      ]);
      expect(await context.insight().publish(telemetry, [])).toEqual([]);
    });

    for (const topic of [telemetry, payload, events, checkpoints]) {
      test(`takes the largest record of ${topic} and refuses a larger one before anything is sent`, async () => {
        const mark = marker();
        const producer = topicRules[topic].family === 'insight' ? context.insight() : context.audit();
        const room = topicRules[topic].maxBatchBytes - 256;
        const large = record(mark.padEnd(room, 'x'));
        const tooLarge = record(mark.padEnd(topicRules[topic].maxBatchBytes, 'x'));
        expect(await codeOf(producer.publish(topic, [record(`${mark}before`), tooLarge]))).toBe(
          'record_too_large',
        );
        await producer.publish(topic, [large]);
        const reader = await reading({ topic, marker: mark });
        await until(() => reader.records.length > 0);
        expect(reader.records.map(({ value }) => value.length)).toEqual([room]);
      });
    }

    test('refuses a topic that is not there, and a checkpoint without a key', async () => {
      const nowhere = 'lethe.nowhere.v1' as TopicName;
      expect(await codeOf(context.insight().publish(nowhere, [record('x')]))).toBe('unknown_topic');
      const consumer = await keep(context.harness().consumer('insight'));
      const options = {
        topic: nowhere,
        group: 'g',
        startAt: async () => undefined,
        onBatch: async () => undefined,
      };
      expect(await codeOf(consumer.run(options))).toBe('unknown_topic');
      expect(await codeOf(context.audit().publish(checkpoints, [record('x', null)]))).toBe('denied');
    });

    test('refuses roles that have no right', async () => {
      expect(await codeOf(context.insight().publish(events, [record('x')]))).toBe('denied');
      expect(await codeOf(context.audit().publish(telemetry, [record('x')]))).toBe('denied');
      const consumer = await keep(context.harness().consumer('insight'));
      const options = {
        topic: events,
        group: 'g',
        startAt: async () => undefined,
        onBatch: async () => undefined,
      };
      expect(await codeOf(consumer.run(options))).toBe('denied');
      expect(await codeOf((await keep(context.harness().stranger())).publish(telemetry, [record('x')]))).toBe(
        'denied',
      );
    });

    test('allows one publish at a time', async () => {
      const mark = marker();
      const first = context.insight().publish(telemetry, [record(`${mark}first`)]);
      expect(await codeOf(context.insight().publish(telemetry, [record(`${mark}second`)]))).toBe(
        'concurrent_publish',
      );
      expect(await first).toHaveLength(1);
      expect(await context.insight().publish(telemetry, [record(`${mark}third`)])).toHaveLength(1);
    });

    test('publishes again after it was severed, idle or in the middle', async () => {
      const mark = marker();
      const producer = await keep(context.harness().producer('insight'));
      await producer.publish(telemetry, [record(`${mark}0`)]);
      producer.sever();
      await producer.publish(telemetry, [record(`${mark}1`)]);
      const running = producer.publish(telemetry, [record(`${mark}maybe`)]);
      producer.sever();
      expect(await codeOf(running)).toBe('severed');
      await producer.publish(telemetry, [record(`${mark}2`)]);
      const reader = await reading({ topic: telemetry, marker: mark });
      await reader.has(`${mark}2`);
      expect(reader.texts().filter((text) => !text.endsWith('maybe'))).toEqual(numbers(mark, 3));
    });

    test('writes nothing while it may not', async () => {
      const mark = marker();
      let allowed = true;
      const producer = await keep(context.harness().producer('insight', { mayWrite: () => allowed }));
      await producer.publish(telemetry, [record(`${mark}0`)]);
      allowed = false;
      expect(await codeOf(producer.publish(telemetry, [record(`${mark}refused`)]))).toBe('severed');
      expect(await codeOf(producer.publish(telemetry, [record(`${mark}refused`)]))).toBe('severed');
      allowed = true;
      await producer.publish(telemetry, [record(`${mark}1`)]);
      const reader = await reading({ topic: telemetry, marker: mark });
      await reader.has(`${mark}1`);
      expect(reader.texts()).toEqual(numbers(mark, 2));
    });

    test('is closed for good', async () => {
      const producer = await context.harness().producer('insight');
      const running = producer.publish(telemetry, [record(`${marker()}last`)]);
      const closing = producer.close();
      expect(await codeOf(producer.publish(telemetry, [record('x')]))).toBe('closed');
      expect(await running).toHaveLength(1);
      await closing;
      const consumer = await context.harness().consumer('insight');
      await consumer.close();
      const options = {
        topic: telemetry,
        group: 'g',
        startAt: async () => undefined,
        onBatch: async () => undefined,
      };
      expect(await codeOf(consumer.run(options))).toBe('closed');
    });
  });
};
