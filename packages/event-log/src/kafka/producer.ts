import { GuardedSockets } from '@lethe/service-kit';
import kafkajs, { type Message, type Producer, type RecordMetadata } from 'kafkajs';
import type { KafkaLogConfig } from '../config.js';
import {
  EventLogError,
  type EventLogProducer,
  type EventLogRecord,
  type Position,
  type ProducerOptions,
} from '../port.js';
import { type ProducerSession, SerialProducer } from '../producer/serial-producer.js';
import { kafkaClient } from './client.js';
import { toEventLogError } from './errors.js';
import { Partitioning } from './partitioning.js';

const allReplicas = -1;
const ackTimeoutMs = 10_000;

const toMessage = ({ key, value, headers }: EventLogRecord): Message => ({
  key,
  value,
  ...(headers && { headers: { ...headers } }),
});

/**
 * Positions in the order of the messages. Throws when any message has none: kafkajs resolves without a result for a
 * partition it has no metadata of, and that must never pass for an acknowledgement.
 */
export const positionsOf = (
  messages: readonly Message[],
  results: readonly RecordMetadata[],
  partitionOf: (message: Message) => number | undefined,
): Position[] => {
  const next = new Map<number, bigint>();
  for (const { partition, errorCode, baseOffset } of results) {
    if (errorCode !== 0 || baseOffset === undefined || !/^\d+$/.test(baseOffset)) {
      throw new EventLogError('unavailable');
    }
    next.set(partition, BigInt(baseOffset));
  }
  return messages.map((message) => {
    const partition = partitionOf(message);
    const offset = partition === undefined ? undefined : next.get(partition);
    if (partition === undefined || offset === undefined) throw new EventLogError('unavailable');
    next.set(partition, offset + 1n);
    return { partition, offset };
  });
};

/**
 * Never idempotent: when a stored batch was answered with an error, kafkajs 2.2.4 gives its sequence number to the
 * next one, which the broker then takes for a duplicate and acknowledges without storing it.
 */
const openProducer = (
  config: KafkaLogConfig,
  sockets: GuardedSockets,
  partitioning: Partitioning,
): Producer => {
  const retries = config.clientRetries ?? 0;
  const retry = { retries, initialRetryTime: 100, maxRetryTime: 2_000 };
  return kafkaClient(config, sockets, retry).producer({
    idempotent: false,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: partitioning.partitioner,
    retry,
  });
};

const connectSession = (
  config: KafkaLogConfig,
  partitioning: Partitioning,
  options: ProducerOptions,
): ProducerSession => {
  const sockets = new GuardedSockets(options.mayWrite);
  const producer = openProducer(config, sockets, partitioning);
  let connected: Promise<void> | undefined;
  return {
    append: async (topic, batch) => {
      connected ??= producer.connect();
      await connected;
      const messages = batch.map(toMessage);
      const compression = kafkajs.CompressionTypes.None;
      partitioning.next();
      try {
        const sent = await producer.send({
          topic,
          messages,
          acks: allReplicas,
          timeout: ackTimeoutMs,
          compression,
        });
        return positionsOf(messages, sent, (message) => partitioning.of(message));
      } finally {
        partitioning.forget();
      }
    },
    cut: () => sockets.cut(),
    isCut: () => sockets.isCut,
    end: () => producer.disconnect(),
  };
};

/** The Kafka adapter of EventLogProducer. */
export const openKafkaProducer = (config: KafkaLogConfig, options: ProducerOptions): EventLogProducer => {
  const partitioning = new Partitioning();
  return new SerialProducer({
    connect: () => connectSession(config, partitioning, options),
    toEventLogError,
    publishTimeoutMs: config.publishTimeoutMs,
  });
};
