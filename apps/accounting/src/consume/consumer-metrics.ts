import { metricsByApp } from '@lethe/contracts';
import { type Registry, readMetric } from '@lethe/service-kit';
import type { ConsumerState } from './topic-consumer.js';

const [telemetryTopic, payloadTopic] =
  metricsByApp.accounting.lethe_accounting_consumer_lag_records.labels.topic;
type ConsumedTopic = typeof telemetryTopic | typeof payloadTopic;
const isConsumed = (topic: string): topic is ConsumedTopic =>
  topic === telemetryTopic || topic === payloadTopic;

type ConsumerMetric =
  | 'lethe_accounting_consumer_lag_records'
  | 'lethe_accounting_consumer_lag_seconds'
  | 'lethe_accounting_last_batch_age_seconds'
  | 'lethe_accounting_consumer_working';

/** Lag and age of the last batch of each topic, asked when they are read. */
export const addConsumerMetrics = (
  registry: Registry,
  consumers: () => readonly ConsumerState[],
  nowMs: () => number = Date.now,
): void => {
  const ageSeconds = (sinceMs: number): number => Math.max(0, (nowMs() - sinceMs) / 1000);
  const ofEach = (name: ConsumerMetric, value: (state: ConsumerState) => number | undefined): void => {
    readMetric(registry, name, () =>
      consumers().flatMap((state) => {
        const current = value(state);
        const { topic } = state;
        return current === undefined || !isConsumed(topic) ? [] : [[{ topic }, current] as const];
      }),
    );
  };
  ofEach('lethe_accounting_consumer_lag_records', (state) => state.lagRecords);
  ofEach('lethe_accounting_consumer_lag_seconds', ({ waitingSinceMs }) =>
    waitingSinceMs === undefined ? 0 : ageSeconds(waitingSinceMs),
  );
  ofEach('lethe_accounting_last_batch_age_seconds', ({ lastBatchAtMs }) =>
    lastBatchAtMs === undefined ? undefined : ageSeconds(lastBatchAtMs),
  );
  ofEach('lethe_accounting_consumer_working', (state) => (state.working ? 1 : 0));
};
