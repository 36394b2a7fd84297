import type { Registry } from '@lethe/service-kit';
import { Gauge } from 'prom-client';
import type { Forgetter } from './forgetter.js';

/** Adds the figures of forgetting to the router's. */
export const registerForgetMetrics = (registry: Registry, forgetter: Forgetter): void => {
  /** `aggregator`: what the workers of one router show together. */
  const gauge = (name: string, help: string, read: () => number, aggregator: 'sum' | 'min' = 'sum'): void => {
    new Gauge({
      name,
      help,
      aggregator,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
  gauge('lethe_router_forget_rounds_total', 'Rounds of overwriting', () => forgetter.rounds);
  gauge('lethe_router_forget_failures_total', 'Rounds that failed', () => forgetter.failures);
  gauge(
    'lethe_router_forget_keeps_up',
    '0 while content may be left for more than 5 s',
    () => (forgetter.keepsUp ? 1 : 0),
    'min',
  );
};
