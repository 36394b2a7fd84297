import { EventLogError, type TopicName } from './port.js';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

export interface TopicRules {
  /** Insights and audit have different readers and writers. */
  readonly family: 'insight' | 'audit';
  /** Largest batch of records as Kafka counts it: one record, or several of one publish. */
  readonly maxBatchBytes: number;
  /** undefined = kept for ever. */
  readonly retentionMs: number | undefined;
  readonly compacted: boolean;
}

/** The rules of each topic; the Postgres migration repeats limits and retention, and a test compares them. */
export const topicRules: Readonly<Record<TopicName, TopicRules>> = {
  // Small on purpose: a second, coarse guard against records of the size of a prompt.
  'lethe.insight.telemetry.v1': {
    family: 'insight',
    maxBatchBytes: 65_536,
    retentionMs: 7 * dayMs,
    compacted: false,
  },
  'lethe.insight.payload.v1': {
    family: 'insight',
    maxBatchBytes: 1_048_576,
    retentionMs: hourMs,
    compacted: false,
  },
  // Never compacted: the history is the product.
  'lethe.audit.events.v1': {
    family: 'audit',
    maxBatchBytes: 65_536,
    retentionMs: undefined,
    compacted: false,
  },
  'lethe.audit.checkpoints.v1': {
    family: 'audit',
    maxBatchBytes: 65_536,
    retentionMs: undefined,
    compacted: true,
  },
};

/** The rules of a topic. Throws EventLogError unknown_topic: a name from outside may be wrong whatever its type says. */
export const rulesOf = (topic: TopicName): TopicRules => {
  if (!Object.hasOwn(topicRules, topic)) throw new EventLogError('unknown_topic');
  return topicRules[topic];
};
