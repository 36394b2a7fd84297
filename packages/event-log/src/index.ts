import type { EventLogConfig, KafkaLogConfig } from './config.js';
import type { AccessResult, AccessState } from './kafka/admin-access.js';
import type { TopicFlaw } from './kafka/admin-topics.js';
import type { EnsureTopicsOptions } from './kafka/ensure-topics.js';
import type { EventLogConsumer, EventLogProducer, ProducerOptions, TopicName } from './port.js';

export type { EventLogConfig, KafkaLogConfig, PostgresLogConfig } from './config.js';
export type { AccessResult, AccessState } from './kafka/admin-access.js';
export type { TopicFlaw } from './kafka/admin-topics.js';
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

/** What of the topics that exist in Kafka is not as it must be; rejects with EventLogError. */
export const checkTopics = async (
  config: KafkaLogConfig,
  options: EnsureTopicsOptions,
): Promise<TopicFlaw[]> => (await import('./kafka/admin-topics.js')).checkTopics(config, options);

/** Gives each service, and `ops`, its rights on the topics in Kafka; rejects with EventLogError. */
export const grantAccess = async (config: KafkaLogConfig): Promise<AccessResult> =>
  (await import('./kafka/admin-access.js')).grantAccess(config);

/** The topics that Kafka does not have; rejects with EventLogError. */
export const missingTopics = async (config: KafkaLogConfig): Promise<TopicName[]> =>
  (await import('./kafka/admin-topics.js')).missingTopics(config);

/** Compares the rights in Kafka with those there must be, and changes none; rejects with EventLogError. */
export const checkAccess = async (config: KafkaLogConfig): Promise<AccessState> =>
  (await import('./kafka/admin-access.js')).checkAccess(config);
