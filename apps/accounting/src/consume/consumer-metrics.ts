import type { Registry } from '@lethe/service-kit';
import { Gauge } from 'prom-client';
import type { ConsumerState } from './topic-consumer.js';

/** Lag and age of the last batch of each topic, asked when they are read. */
export const addConsumerMetrics = (
  registry: Registry,
  consumers: () => readonly ConsumerState[],
  nowMs: () => number = Date.now,
): void => {
  const gauge = (name: string, help: string, value: (state: ConsumerState) => number | undefined): void => {
    new Gauge({
      name,
      help,
      labelNames: ['topic'],
      registers: [registry],
      collect() {
        this.reset();
        for (const state of consumers()) {
          const current = value(state);
          if (current !== undefined) this.set({ topic: state.topic }, current);
        }
      },
    });
  };
  gauge(
    'lethe_accounting_consumer_lag_records',
    'Records that are stored in the log and not yet processed.',
    (state) => state.lagRecords,
  );
  gauge('lethe_accounting_last_batch_age_seconds', 'Time since a batch was last processed.', (state) =>
    state.lastBatchAtMs === undefined ? undefined : Math.max(0, (nowMs() - state.lastBatchAtMs) / 1000),
  );
  gauge(
    'lethe_accounting_consumer_working',
    '1 while the consumer reads and the database takes it.',
    (state) => (state.working ? 1 : 0),
  );
};
