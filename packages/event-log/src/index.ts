import type { EventLogConfig, KafkaLogConfig } from './config.js';
import type { EnsureTopicsOptions } from './kafka/ensure-topics.js';
import type { EventLogConsumer, EventLogProducer, ProducerOptions, TopicName } from './port.js';

export type { EventLogConfig, KafkaLogConfig, PostgresLogConfig } from './config.js';
export type { EnsureTopicsOptions } from './kafka/ensure-topics.js';
export {
  type Batch,
  type EventLogConsumer,
  EventLogError,
  type EventLogErrorCode,
  type EventLogProducer,
  type EventLogRecord,
  type Position,
  type ProducerOptions,
  type RunOptions,
  type StoredRecord,
  type Subscription,
  type TopicName,
  topicNames,
} from './port.js';

/** Connects with the first publish. Loads only the driver that the configuration names. */
export const openEventLogProducer = async (
  config: EventLogConfig,
  options: ProducerOptions = {},
): Promise<EventLogProducer> => {
  if (config.kind === 'kafka')
    return (await import('./kafka/producer.js')).openKafkaProducer(config, options);
  return (await import('./postgres/producer.js')).openPostgresProducer(config, options);
};

/** Connects with the first run. Loads only the driver that the configuration names. */
export const openEventLogConsumer = async (config: EventLogConfig): Promise<EventLogConsumer> => {
  if (config.kind === 'kafka') return (await import('./kafka/consumer.js')).openKafkaConsumer(config);
  return (await import('./postgres/consumer.js')).openPostgresConsumer(config);
};

/** Creates the topics that are missing in Kafka and returns their names; rejects with EventLogError. */
export const ensureTopics = async (
  config: KafkaLogConfig,
  options: EnsureTopicsOptions,
): Promise<TopicName[]> => (await import('./kafka/ensure-topics.js')).ensureTopics(config, options);
