import type { ITopicConfig } from 'kafkajs';
import type { KafkaLogConfig } from '../config.js';
import { type TopicName, topicNames } from '../port.js';
import { type TopicRules, topicRules } from '../topics.js';
import { withAdmin } from './admin-client.js';

export interface EnsureTopicsOptions {
  /** 3 in production; from 3 on every record must reach two replicas before it is acknowledged. */
  readonly replicationFactor: number;
  /** Default 3 for insights. Audit topics have one, so that whoever tails them reads one order. */
  readonly insightPartitions?: number;
}

const segmentMs = 600_000;

const configEntries = (rules: TopicRules, replicationFactor: number): { name: string; value: string }[] => {
  const settings: Record<string, string> = {
    'cleanup.policy': rules.compacted ? 'compact,delete' : 'delete',
    // Without a limit here a compacted topic keeps at least the newest record of each key.
    'retention.ms': String(rules.retentionMs ?? -1),
    'max.message.bytes': String(rules.maxBatchBytes),
    // kafkajs reads no other compression than gzip.
    'compression.type': 'uncompressed',
    'min.insync.replicas': String(replicationFactor >= 3 ? 2 : 1),
    'unclean.leader.election.enable': 'false',
    // Retention works on whole segments, so a short one needs short segments.
    ...(rules.retentionMs !== undefined &&
      rules.retentionMs <= 6 * segmentMs && { 'segment.ms': String(segmentMs) }),
  };
  return Object.entries(settings).map(([name, value]) => ({ name, value }));
};

/** How a topic must be. */
export const toTopic = (topic: TopicName, options: EnsureTopicsOptions): ITopicConfig => {
  const rules = topicRules[topic];
  return {
    topic,
    numPartitions: rules.family === 'insight' ? (options.insightPartitions ?? 3) : 1,
    replicationFactor: options.replicationFactor,
    configEntries: configEntries(rules, options.replicationFactor),
  };
};

/**
 * Creates the topics that are missing and returns their names; existing ones stay as their operator made them.
 * Rejects with EventLogError.
 */
export const ensureTopics = (config: KafkaLogConfig, options: EnsureTopicsOptions): Promise<TopicName[]> =>
  withAdmin(config, async (admin) => {
    const existing = new Set(await admin.listTopics());
    const missing = topicNames.filter((topic) => !existing.has(topic));
    if (missing.length === 0) return [];
    await admin.createTopics({
      topics: missing.map((topic) => toTopic(topic, options)),
      waitForLeaders: true,
    });
    return missing;
  });
