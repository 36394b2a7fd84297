import { Counter, Gauge, type Registry } from 'prom-client';

/** The figures of this service. Every label value is one of a closed list. */
export const createAuditMetrics = (registry: Registry) => ({
  appended: new Counter({
    name: 'lethe_audit_appended_total',
    help: 'Append calls that were answered with an index',
    registers: [registry],
  }),
  refused: new Counter({
    name: 'lethe_audit_append_refused_total',
    help: 'Append calls that were refused',
    labelNames: ['reason'],
    registers: [registry],
  }),
  published: new Counter({
    name: 'lethe_audit_published_total',
    help: 'Events handed to the event log, repetitions included',
    registers: [registry],
  }),
  publishFailed: new Counter({
    name: 'lethe_audit_publish_failed_total',
    help: 'Attempts to publish that failed',
    labelNames: ['reason'],
    registers: [registry],
  }),
  unpublished: new Gauge({
    name: 'lethe_audit_unpublished_events',
    help: 'Events with an index that the topic does not have yet, as last looked at',
    registers: [registry],
  }),
});

export type AuditMetrics = ReturnType<typeof createAuditMetrics>;
