import { collectDefaultMetrics, Registry } from 'prom-client';

/** A registry with the process's own figures. Every label value used with it comes from a closed set. */
export const createMetrics = (service: string): Registry => {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return registry;
};
export type { Registry };
