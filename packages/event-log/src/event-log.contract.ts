import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type {
  EventLogConsumer,
  EventLogProducer,
  EventLogRecord,
  ProducerOptions,
  TopicName,
} from './port.js';
import { codeOf, marker, Reader, until } from './reading.contract.js';
import { topicRules } from './topics.js';

/** A real server with the four topics, and clients with the rights of the services. */
export interface EventLogHarness {
  /** May append to the family's topics, and only there. */
  producer(family: 'insight' | 'audit', options?: ProducerOptions): Promise<EventLogProducer>;
  /** May read the family's topics, and only those. */
  consumer(family: 'insight' | 'audit'): Promise<EventLogConsumer>;
  /** A producer whose secret is wrong. */
  stranger(): Promise<EventLogProducer>;
  /** Words that must appear in no error: secrets and the like. */
  readonly secrets: readonly string[];
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface EventLogAdapter {
  readonly name: string;
  make(): Promise<EventLogHarness>;
  /** Tests that this adapter cannot pass, each with the reason, which is printed. */
  readonly cannot: readonly { test: string; reason: string }[];
}

const telemetry: TopicName = 'lethe.insight.telemetry.v1';
const payload: TopicName = 'lethe.insight.payload.v1';
const events: TopicName = 'lethe.audit.events.v1';
const checkpoints: TopicName = 'lethe.audit.checkpoints.v1';
const oneKey = Buffer.from('one key');

const record = (text: string, key: Buffer | null = oneKey): EventLogRecord => ({
  key,
  value: Buffer.from(text),
});

const numbered = (mark: string, count: number): EventLogRecord[] =>
  Array.from({ length: count }, (_, index) => record(`${mark}${index}`));

const numbers = (mark: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${mark}${i}`);

/** What every adapter of the event log promises, run against a real server. */
export const describeEventLog = (adapter: EventLogAdapter): void => {
  describe(`the event log on ${adapter.name}`, () => {
    let harness: EventLogHarness;
    let insight: EventLogProducer;
    let audit: EventLogProducer;
    const opened: { close(): Promise<void> }[] = [];

    const keep = async <T extends { close(): Promise<void> }>(client: Promise<T>): Promise<T> => {
      const made = await client;
      opened.push(made);
      return made;
    };
    const reading = async (options: Parameters<typeof Reader.start>[1]): Promise<Reader> =>
      Reader.start(await keep(harness.consumer(topicRules[options.topic].family)), options);
    const test = (name: string, body: () => Promise<void>): void => {
      const cannot = adapter.cannot.find((each) => each.test === name);
      if (cannot) it.skip(`${name}: cannot, because ${cannot.reason}`, body);
      else it(name, body);
    };

    beforeAll(async () => {
      harness = await adapter.make();
      insight = await keep(harness.producer('insight'));
      audit = await keep(harness.producer('audit'));
    });
    afterAll(async () => {
      await Promise.all(opened.map((client) => client.close()));
      await harness?.stop();
    });

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
        await insight.publish(telemetry, sent);
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
          ...(await insight.publish(telemetry, numbered(mark, 3))),
          ...(await insight.publish(telemetry, [record(`${mark}3`), record(`${mark}4`)])),
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
        const positions = await insight.publish(telemetry, big);
        expect(positions.map(({ offset }) => offset - (positions[0]?.offset ?? 0n))).toEqual([
          0n,
          1n,
          2n,
          3n,
          4n,
        ]);
        expect(await insight.publish(telemetry, [])).toEqual([]);
      });

      for (const topic of [telemetry, payload, events, checkpoints]) {
        test(`takes the largest record of ${topic} and refuses a larger one before anything is sent`, async () => {
          const mark = marker();
          const producer = topicRules[topic].family === 'insight' ? insight : audit;
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
        expect(await codeOf(insight.publish(nowhere, [record('x')]))).toBe('unknown_topic');
        const consumer = await keep(harness.consumer('insight'));
        const options = {
          topic: nowhere,
          group: 'g',
          startAt: async () => undefined,
          onBatch: async () => undefined,
        };
        expect(await codeOf(consumer.run(options))).toBe('unknown_topic');
        expect(await codeOf(audit.publish(checkpoints, [record('x', null)]))).toBe('denied');
      });

      test('refuses roles that have no right', async () => {
        expect(await codeOf(insight.publish(events, [record('x')]))).toBe('denied');
        expect(await codeOf(audit.publish(telemetry, [record('x')]))).toBe('denied');
        const consumer = await keep(harness.consumer('insight'));
        const options = {
          topic: events,
          group: 'g',
          startAt: async () => undefined,
          onBatch: async () => undefined,
        };
        expect(await codeOf(consumer.run(options))).toBe('denied');
        expect(['denied', 'unavailable']).toContain(
          await codeOf((await keep(harness.stranger())).publish(telemetry, [record('x')])),
        );
      });

      test('allows one publish at a time', async () => {
        const mark = marker();
        const first = insight.publish(telemetry, [record(`${mark}first`)]);
        expect(await codeOf(insight.publish(telemetry, [record(`${mark}second`)]))).toBe(
          'concurrent_publish',
        );
        expect(await first).toHaveLength(1);
        expect(await insight.publish(telemetry, [record(`${mark}third`)])).toHaveLength(1);
      });

      test('publishes again after it was severed, idle or in the middle', async () => {
        const mark = marker();
        const producer = await keep(harness.producer('insight'));
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
        const producer = await keep(harness.producer('insight', { mayWrite: () => allowed }));
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
        const producer = await harness.producer('insight');
        const running = producer.publish(telemetry, [record(`${marker()}last`)]);
        const closing = producer.close();
        expect(await codeOf(producer.publish(telemetry, [record('x')]))).toBe('closed');
        expect(await running).toHaveLength(1);
        await closing;
        const consumer = await harness.consumer('insight');
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

    describe('consuming', () => {
      test('starts where the caller says', async () => {
        const mark = marker();
        const positions = await insight.publish(telemetry, numbered(mark, 5));
        const third = positions[2];
        if (!third) throw new Error('five were published');
        const offsets = new Map([[third.partition, third.offset]]);
        const reader = await reading({ topic: telemetry, marker: mark, offsets });
        await reader.has(`${mark}4`);
        expect(reader.texts()).toEqual([2, 3, 4].map((n) => `${mark}${n}`));
      });

      test('starts with the earliest when the caller is beyond the end', async () => {
        const mark = marker();
        const [first] = await audit.publish(events, numbered(mark, 1));
        const offsets = new Map([[0, (first?.offset ?? 0n) + 1_000n]]);
        const reader = await reading({ topic: events, marker: mark, offsets });
        await reader.has(`${mark}0`);
      });

      test('delivers a refused batch again from its first record, and no more than was asked for', async () => {
        const mark = marker();
        await insight.publish(telemetry, numbered(mark, 7));
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
        await audit.publish(events, numbered(mark, 3));
        for (const reader of readers) await reader.has(`${mark}2`);
        for (const reader of readers) expect(reader.texts()).toEqual(numbers(mark, 3));
      });

      test('gives a partition to one consumer of a group, and to the next when that one stops', async () => {
        const mark = marker();
        const shared = { topic: events, marker: mark, group: marker(), offsets: new Map<number, bigint>() };
        const first = await reading(shared);
        await audit.publish(events, [record(`${mark}0`)]);
        await first.has(`${mark}0`);
        const second = await reading(shared);
        await audit.publish(events, [record(`${mark}1`)]);
        const both = (): string[] => [...first.texts(), ...second.texts()];
        await until(() => both().includes(`${mark}1`));
        await first.subscription.stop();
        await audit.publish(events, [record(`${mark}2`)]);
        await second.has(`${mark}2`);
        expect(both().sort()).toEqual(numbers(mark, 3));
      });

      test('delivers nothing after it was stopped', async () => {
        const mark = marker();
        const stopped = await reading({ topic: events, marker: mark });
        await audit.publish(events, [record(`${mark}0`)]);
        await stopped.has(`${mark}0`);
        await stopped.subscription.stop();
        await audit.publish(events, [record(`${mark}1`)]);
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
        const consumer = await keep(harness.consumer('audit'));
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
        await audit.publish(events, [record(`${mark}0`)]);
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
        await audit.publish(events, numbered(mark, 3));
        await until(() => reader.subscription.lagRecords() >= 3);
        expect(reader.subscription.lastBatchAtMs()).toBeUndefined();
        refuse = false;
        await reader.has(`${mark}2`);
        await until(() => reader.subscription.lagRecords() === 0);
        expect(reader.subscription.lastBatchAtMs()).toBeLessThanOrEqual(Date.now());
      });
    });

    describe('when the server is killed', () => {
      test('loses no acknowledged record, and both clients come back by themselves', async () => {
        const mark = marker();
        const reader = await reading({ topic: telemetry, marker: mark });
        const acknowledged: string[] = [];
        let failures = 0;
        let restarting: Promise<void> | undefined;
        for (let n = 0; acknowledged.length < 120; n += 1) {
          const text = `${mark}${n}`;
          await insight.publish(telemetry, [record(text)]).then(
            () => acknowledged.push(text),
            async () => {
              failures += 1;
              await new Promise((resolve) => setTimeout(resolve, 50));
            },
          );
          if (acknowledged.length === 40) restarting ??= harness.kill().then(() => harness.restart());
        }
        await restarting;
        expect(failures).toBeGreaterThan(0);
        for (const text of acknowledged) await reader.has(text);
        const seen = [...new Set(reader.texts())].filter((text) => acknowledged.includes(text));
        expect(seen).toEqual(acknowledged);
      });

      test('tells nothing of what was sent in an error', async () => {
        const canary = 'canary-7f3a91';
        const carrier: EventLogRecord = {
          key: Buffer.from(canary),
          value: Buffer.from(canary),
          headers: { [canary]: canary },
        };
        const errors: unknown[] = [];
        const collect = (promise: Promise<unknown>): Promise<void> =>
          promise.then(
            () => undefined,
            (error: unknown) => void errors.push(error),
          );
        await collect(insight.publish(events, [carrier]));
        await collect(insight.publish(canary as TopicName, [carrier]));
        await collect(insight.publish(telemetry, [{ ...carrier, value: Buffer.from(canary.repeat(6_000)) }]));
        await collect((await keep(harness.stranger())).publish(telemetry, [carrier]));
        const running = collect(insight.publish(telemetry, [carrier]));
        insight.sever();
        await running;
        await harness.kill();
        await collect(insight.publish(telemetry, [carrier]));
        await harness.restart();
        const shown = errors.map((error) => inspect(error, { depth: 9, showHidden: true }) + String(error));
        expect(errors).toHaveLength(6);
        for (const word of [canary, ...harness.secrets]) {
          // The control: the same look finds the word in an error that carries it.
          expect(inspect(new Error('x', { cause: { word } }), { depth: 9 })).toContain(word);
          expect(shown.join('\n')).not.toContain(word);
        }
      });
    });
  });
};
