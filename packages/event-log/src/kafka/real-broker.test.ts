import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import {
  type KafkaServer,
  kafkaAvailability,
  startKafka,
  startTcpProxy,
  type TcpProxy,
} from '@lethe/test-servers';
import kafkajs from 'kafkajs';
import { codeOf, marker, publishUntilStored, Reader, until } from '../contract/reading.contract.js';
import {
  ensureTopics,
  type KafkaLogConfig,
  openEventLogConsumer,
  openEventLogProducer,
  type TopicName,
} from '../index.js';
import { type EventLogProducer, topicNames } from '../port.js';
import { topicRules } from '../topics.js';

jest.setTimeout(240_000);

const events: TopicName = 'lethe.audit.events.v1';
const payload: TopicName = 'lethe.insight.payload.v1';
const telemetry: TopicName = 'lethe.insight.telemetry.v1';
const produceApi = 0;

const record = (text: string) => ({ key: Buffer.from('k'), value: Buffer.from(text) });

// Skipped only where Java or Maven is missing, which kafkaAvailability says loudly and refuses in CI.
const withKafka = (await kafkaAvailability()) ? describe.skip : describe;

withKafka('the Kafka adapter on a real broker', () => {
  let proxy: TcpProxy;
  let server: KafkaServer;
  let config: KafkaLogConfig;
  let admin: kafkajs.Admin;
  const opened: { close(): Promise<void> }[] = [];

  const producing = async (changes: Partial<KafkaLogConfig> = {}): Promise<EventLogProducer> => {
    const producer = await openEventLogProducer({ ...config, ...changes });
    opened.push(producer);
    return producer;
  };
  const reading = async (topic: TopicName, mark: string, offsets?: Map<number, bigint>): Promise<Reader> => {
    const consumer = await openEventLogConsumer(config);
    opened.push(consumer);
    return Reader.start(consumer, { topic, marker: mark, ...(offsets && { offsets }) });
  };
  /** Loses the answer to the next so many produce requests, each with its connection. */
  const loseAnswers = (count: number): void => {
    let left = count;
    proxy.onAnswer(({ fromClient }) => {
      if (left === 0 || fromClient.length < 6 || fromClient.readInt16BE(4) !== produceApi) return 'forward';
      left -= 1;
      return 'cut';
    });
  };
  const plainClient = (options: Partial<kafkajs.KafkaConfig> = {}): kafkajs.Kafka =>
    new kafkajs.Kafka({ brokers: server.brokers, logLevel: kafkajs.logLevel.NOTHING, ...options });

  beforeAll(async () => {
    proxy = await startTcpProxy();
    const started = await startKafka({ proxy });
    if ('unavailable' in started) throw new Error(started.unavailable);
    server = started;
    config = { kind: 'kafka', brokers: server.brokers, clientId: 'lethe-test', sessionTimeoutMs: 6_000 };
    admin = plainClient().admin();
    await admin.connect();
  });
  afterAll(async () => {
    await Promise.all(opened.map((client) => client.close()));
    await admin?.disconnect();
    await server?.stop();
    await proxy?.stop();
  });

  it('says that a topic is unknown until it was created, with its rules', async () => {
    const producer = await producing();
    expect(await codeOf(producer.publish(events, [record('x')]))).toBe('unknown_topic');
    await expect(reading(events, 'x')).rejects.toMatchObject({ code: 'unknown_topic', retriable: true });
    expect(await ensureTopics(config, { replicationFactor: 1 })).toEqual([...topicNames]);
    expect(await ensureTopics(config, { replicationFactor: 1 })).toEqual([]);
    expect(await publishUntilStored(producer, events, [record('x')])).toEqual([{ partition: 0, offset: 0n }]);
    for (const topic of topicNames) await publishUntilStored(producer, topic, [record('x')]);
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: topicNames.map((name) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name })),
    });
    for (const topic of topicNames) {
      const { configEntries = [] } = resources.find(({ resourceName }) => resourceName === topic) ?? {};
      const setting = (name: string) =>
        configEntries.find(({ configName }) => configName === name)?.configValue;
      const rules = topicRules[topic];
      expect(setting('max.message.bytes')).toBe(String(rules.maxBatchBytes));
      expect(setting('retention.ms')).toBe(String(rules.retentionMs ?? -1));
      expect(setting('cleanup.policy')).toBe(rules.compacted ? 'compact,delete' : 'delete');
      expect(setting('compression.type')).toBe('uncompressed');
    }
  });

  it('loses nothing when the answer to a stored record is lost, as an idempotent kafkajs producer does', async () => {
    const sendAll = async (publish: (text: string) => Promise<unknown>, mark: string): Promise<string[]> => {
      const acknowledged: string[] = [];
      for (const name of ['first', 'A', 'B', 'C']) {
        if (name === 'A') loseAnswers(2);
        await publish(`${mark}${name}`).then(
          () => acknowledged.push(`${mark}${name}`),
          () => undefined,
        );
        proxy.onAnswer(undefined);
      }
      return acknowledged;
    };
    const ourMark = marker();
    const ours = await producing();
    const oursAcknowledged = await sendAll((text) => ours.publish(events, [record(text)]), ourMark);

    const theirMark = marker();
    const theirs = plainClient({ retry: { retries: 1, initialRetryTime: 100 } }).producer({
      idempotent: true,
      maxInFlightRequests: 1,
    });
    await theirs.connect();
    const theirsAcknowledged = await sendAll(
      (text) => theirs.send({ topic: events, acks: -1, messages: [record(text)] }),
      theirMark,
    );
    await theirs.disconnect();
    await ours.publish(events, [record(`${ourMark}end`), record(`${theirMark}end`)]);

    const ourReader = await reading(events, ourMark);
    const theirReader = await reading(events, theirMark);
    await ourReader.has(`${ourMark}end`);
    await theirReader.has(`${theirMark}end`);
    expect(oursAcknowledged).toEqual(['first', 'B', 'C'].map((name) => ourMark + name));
    expect(ourReader.texts()).toEqual(expect.arrayContaining(oursAcknowledged));
    // The control: with the same lost answer, kafkajs acknowledges B and the broker has thrown it away.
    expect(theirsAcknowledged).toEqual(['first', 'B', 'C'].map((name) => theirMark + name));
    expect(theirReader.texts()).not.toContain(`${theirMark}B`);
  });

  it('stores nothing of a publish that was severed while the broker had not read it', async () => {
    const mark = marker();
    const large = (name: string) => ({
      key: null,
      value: Buffer.from(`${mark}${name}`.padEnd(1_000_000, '.')),
    });
    const producer = await producing();
    await producer.publish(payload, [record(`${mark}warm`)]);
    const begin = async (name: string): Promise<{ running: Promise<unknown> }> => {
      proxy.holdClients();
      const before = proxy.bytesFromClients();
      const running = producer.publish(payload, [large(name)]);
      running.catch(() => undefined);
      // Time for the bytes to leave this process; the proxy takes none of them further.
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(proxy.bytesFromClients() - before).toBeLessThan(500_000);
      return { running };
    };
    const severed = await begin('severed');
    producer.sever();
    expect(await codeOf(severed.running)).toBe('severed');
    proxy.releaseClients();
    // The control: the same publish arrives when nobody severs it.
    const stored = await begin('stored');
    proxy.releaseClients();
    await stored.running;
    const reader = await reading(payload, mark);
    await until(() => reader.texts().some((text) => text.startsWith(`${mark}stored`)));
    expect(reader.texts().filter((text) => text.startsWith(`${mark}severed`))).toEqual([]);
  });

  it('spreads publishes without a key over the partitions, each publish on one', async () => {
    const mark = marker();
    const producer = await producing();
    const keyless = ['0', '1'].map((text) => ({ key: null, value: Buffer.from(mark + text) }));
    const partitions: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      const [first, second] = await producer.publish(telemetry, keyless);
      expect(second).toEqual({ partition: first?.partition, offset: (first?.offset ?? 0n) + 1n });
      partitions.push(first?.partition ?? -1);
    }
    expect(partitions.sort()).toEqual([0, 1, 2]);
    const reader = await reading(telemetry, mark);
    await until(() => reader.records.length === 6);
  });

  it('goes on with the earliest record when retention has overtaken it, at the start and later', async () => {
    const mark = marker();
    const producer = await producing();
    const [first] = await producer.publish(events, [
      record(`${mark}0`),
      record(`${mark}1`),
      record(`${mark}2`),
    ]);
    const start = first?.offset ?? 0n;
    const deleteBefore = async (offset: bigint): Promise<void> => {
      // Makes the client learn where the topic is.
      await admin.fetchTopicOffsets(events);
      await admin.deleteTopicRecords({
        topic: events,
        partitions: [{ partition: 0, offset: String(offset) }],
      });
    };
    await deleteBefore(start + 1n);
    const behind = await reading(events, mark, new Map([[0, start]]));
    await behind.has(`${mark}2`);
    expect(behind.texts()).toEqual([`${mark}1`, `${mark}2`]);

    let refuse = true;
    const consumer = await openEventLogConsumer(config);
    opened.push(consumer);
    const held = await Reader.start(consumer, {
      topic: events,
      marker: mark,
      check: () => {
        if (refuse) throw new Error('the database is away');
      },
    });
    await until(() => held.subscription.lagRecords() > 0);
    await producer.publish(events, [record(`${mark}3`)]);
    await deleteBefore(start + 3n);
    refuse = false;
    await held.has(`${mark}3`);
  });

  it('comes back after its connections were cut, and after the broker stood still', async () => {
    const mark = marker();
    const producer = await producing();
    const reader = await reading(events, mark);
    const store = (text: string) => publishUntilStored(producer, events, [record(text)]);
    await store(`${mark}0`);
    await reader.has(`${mark}0`);
    proxy.cutAll();
    await store(`${mark}1`);
    await reader.has(`${mark}1`);
    server.freeze();
    const frozen = store(`${mark}2`);
    // Longer than a consumer may be silent.
    await new Promise((resolve) => setTimeout(resolve, 15_000));
    server.thaw();
    await frozen;
    await reader.has(`${mark}2`);
  });

  it('starts anew when its topic was removed and made again', async () => {
    const mark = marker();
    const producer = await producing();
    const reader = await reading(events, mark);
    await producer.publish(events, [record(`${mark}0`)]);
    await reader.has(`${mark}0`);
    await admin.deleteTopics({ topics: [events] });
    await until(() => reader.subscription.lagRecords() === 0);
    // The broker removes it a little after it has said so.
    while (!(await ensureTopics(config, { replicationFactor: 1 })).includes(events)) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await publishUntilStored(producer, events, [record(`${mark}1`)]);
    await reader.has(`${mark}1`);
  });

  it('prints nothing, whatever the environment asks kafkajs to print', async () => {
    const canary = 'canary-5bb0c2';
    const printed: string[] = [];
    const names = [
      'KAFKAJS_LOG_LEVEL',
      'KAFKAJS_DEBUG_PROTOCOL_BUFFERS',
      'KAFKAJS_DEBUG_EXTENDED_PROTOCOL_BUFFERS',
    ];
    const before = names.map((name) => process.env[name]);
    const capture = (...args: unknown[]): boolean => printed.push(args.map(String).join(' ')) > 0;
    const spies = [
      jest.spyOn(process.stdout, 'write').mockImplementation(capture),
      jest.spyOn(process.stderr, 'write').mockImplementation(capture),
      ...(['log', 'info', 'warn', 'error', 'debug'] as const).map((level) =>
        jest.spyOn(globalThis.console, level).mockImplementation(capture),
      ),
    ];
    try {
      process.env.KAFKAJS_LOG_LEVEL = 'DEBUG';
      process.env.KAFKAJS_DEBUG_PROTOCOL_BUFFERS = '1';
      process.env.KAFKAJS_DEBUG_EXTENDED_PROTOCOL_BUFFERS = '1';
      const producer = await producing();
      await producer.publish(events, [record(canary)]);
      await codeOf(producer.publish('lethe.nowhere.v1' as TopicName, [record(canary)]));
      expect(printed).toEqual([]);
      // The control: in this environment kafkajs has a lot to say, and says it wherever somebody listens.
      const said: unknown[] = [];
      const listening = plainClient({ logCreator: () => (entry) => said.push(entry) }).producer();
      await listening.connect();
      await listening.disconnect();
      expect(said.length).toBeGreaterThan(0);
    } finally {
      for (const spy of spies) spy.mockRestore();
      for (const [index, name] of names.entries()) {
        if (before[index] === undefined) delete process.env[name];
        else process.env[name] = before[index];
      }
    }
  });
});
