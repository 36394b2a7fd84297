import kafkajs from 'kafkajs';
import type { KafkaLogConfig } from '../config.js';
import { type TopicName, topicNames } from '../port.js';
import { withAdmin } from './admin-client.js';
import { type EnsureTopicsOptions, toTopic } from './ensure-topics.js';

/** A setting of a topic that is not as it must be. */
export interface TopicFlaw {
  readonly topic: TopicName;
  /** A setting of Kafka; `partitions` when there are fewer than there must be. */
  readonly setting: string;
  readonly wanted: string;
}

const { TOPIC } = kafkajs.ConfigResourceTypes;

/** Lists say the same in any order. */
const asSet = (value: string): string => value.split(',').sort().join(',');

/**
 * What of the topics that exist is not as it must be: limits, retention, compaction, replicas that must have a record.
 * More partitions than asked for are no flaw, but for audit topics, which have one order. Rejects with EventLogError.
 */
export const checkTopics = (config: KafkaLogConfig, options: EnsureTopicsOptions): Promise<TopicFlaw[]> =>
  withAdmin(config, async (admin) => {
    const existing = new Set(await admin.listTopics());
    const names = topicNames.filter((topic) => existing.has(topic));
    if (names.length === 0) return [];
    const [{ topics }, { resources }] = await Promise.all([
      admin.fetchTopicMetadata({ topics: names }),
      admin.describeConfigs({
        includeSynonyms: false,
        resources: names.map((name) => ({ type: TOPIC, name })),
      }),
    ]);
    return names.flatMap((topic) => {
      const wanted = toTopic(topic, options);
      const partitions = topics.find(({ name }) => name === topic)?.partitions.length ?? 0;
      const entries = resources.find(({ resourceName }) => resourceName === topic)?.configEntries ?? [];
      const most = wanted.numPartitions === 1 ? 1 : Number.POSITIVE_INFINITY;
      const isFew = partitions < (wanted.numPartitions ?? 1);
      const flaws = (wanted.configEntries ?? []).filter(({ name, value }) => {
        const is = entries.find(({ configName }) => configName === name)?.configValue ?? '';
        return asSet(is) !== asSet(value);
      });
      return [
        ...(isFew || partitions > most
          ? [{ topic, setting: 'partitions', wanted: String(wanted.numPartitions) }]
          : []),
        ...flaws.map(({ name, value }) => ({ topic, setting: name, wanted: value })),
      ];
    });
  });

/** The topics that are not there. Rejects with EventLogError. */
export const missingTopics = (config: KafkaLogConfig): Promise<TopicName[]> =>
  withAdmin(config, async (admin) => {
    const existing = new Set(await admin.listTopics());
    return topicNames.filter((topic) => !existing.has(topic));
  });
