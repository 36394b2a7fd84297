import type { Registry } from '@lethe/service-kit';
import { Gauge } from 'prom-client';
import type { Forgetter } from './forgetter.js';

/** Adds the figures of forgetting to the router's. */
export const registerForgetMetrics = (registry: Registry, forgetter: Forgetter): void => {
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
  gauge('lethe_router_forget_rounds_total', 'Rounds of overwriting', () => forgetter.rounds);
  gauge('lethe_router_forget_failures_total', 'Rounds that failed', () => forgetter.failures);
  gauge('lethe_router_forget_keeps_up', '0 while content may be left for more than 5 s', () =>
    forgetter.keepsUp ? 1 : 0,
  );
};
