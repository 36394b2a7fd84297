import { type Registry, readMetric } from '@lethe/service-kit';
import type { Forgetter } from './forgetter.js';

/** Adds the figures of forgetting to the router's. */
export const registerForgetMetrics = (registry: Registry, forgetter: Forgetter): void => {
  readMetric(registry, 'lethe_router_forget_rounds_total', () => forgetter.rounds);
  readMetric(registry, 'lethe_router_forget_failures_total', () => forgetter.failures);
  readMetric(registry, 'lethe_router_forget_keeps_up', () => (forgetter.keepsUp ? 1 : 0));
};
