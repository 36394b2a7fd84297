import { accountingMetrics } from './accounting-metrics.js';
import { adminConfigMetrics } from './admin-config-metrics.js';
import { auditMetrics } from './audit-metrics.js';
import type { MetricDefinition, MetricDefinitions } from './definition.js';
import { routerMetrics } from './router-metrics.js';

/** Metrics that mean the same in every app that has them. */
const commonMetrics = {
  lethe_ready: {
    type: 'gauge',
    help: '1 while the service can do its work, as GET /readyz says.',
    ofWorkers: 'min',
  },
  lethe_certificate_expiry_timestamp_seconds: {
    type: 'gauge',
    help: "When the certificate in use ends, in seconds since 1970: of the service's own identity, or of a router's public port.",
    labels: { certificate: ['service', 'public'] },
    ofWorkers: 'min',
  },
} as const satisfies MetricDefinitions;

/** Every metric there is, by the app that has it. A metric that is not here cannot be made. */
export const metricsByApp = {
  router: routerMetrics,
  'admin-config': adminConfigMetrics,
  accounting: accountingMetrics,
  audit: auditMetrics,
  every: commonMetrics,
} as const;

const all = {
  ...routerMetrics,
  ...adminConfigMetrics,
  ...accountingMetrics,
  ...auditMetrics,
  ...commonMetrics,
};
type All = typeof all;
export type MetricName = keyof All;

/** The names of one type of metric. */
export type MetricNameOf<T extends MetricDefinition['type']> = {
  [N in MetricName]: All[N]['type'] extends T ? N : never;
}[MetricName];

type LabelValue<R> = R extends readonly (infer V)[] ? ('other' extends V ? string : V) : string | number;

/** The labels of a metric, each with the values it may have; undefined when it has none. */
export type MetricLabels<N extends MetricName> = All[N] extends { readonly labels: infer L }
  ? { readonly [K in keyof L]: LabelValue<L[K]> }
  : undefined;

export const metricDefinition = (name: MetricName): MetricDefinition => all[name];

/** Whether it is the name of a metric of Lethe's. */
export const isMetricName = (name: string): name is MetricName => Object.hasOwn(all, name);
