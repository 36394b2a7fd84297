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
  logSize: new Gauge({
    name: 'lethe_audit_log_size_events',
    help: 'Events in the log as far as the anchors hold it',
    registers: [registry],
  }),
  forkGuard: new Gauge({
    name: 'lethe_audit_fork_guard',
    help: '1 while the database contradicts the anchors and nothing is signed or answered',
    registers: [registry],
  }),
  anchorFailed: new Counter({
    name: 'lethe_audit_anchor_failed_total',
    help: 'Attempts to read or write the anchors that failed',
    registers: [registry],
  }),
  witnessLag: new Gauge({
    name: 'lethe_audit_witness_lag_events',
    help: 'Events in the log that a witness has not cosigned',
    labelNames: ['witness'],
    registers: [registry],
  }),
  witnessFailed: new Counter({
    name: 'lethe_audit_witness_failed_total',
    help: 'Requests to a witness that brought no cosignature',
    labelNames: ['witness', 'reason'],
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
    help: 'Events in the log that the topic does not have yet, as last looked at',
    registers: [registry],
  }),
});

export type AuditMetrics = ReturnType<typeof createAuditMetrics>;

/** Shows how old the newest checkpoint is whenever the figures are asked for; NaN without one. */
export const showCheckpointAge = (registry: Registry, signedAtMs: () => number | undefined): void => {
  new Gauge({
    name: 'lethe_audit_checkpoint_age_seconds',
    help: 'Seconds since the newest checkpoint was signed',
    registers: [registry],
    collect() {
      const signedMs = signedAtMs();
      this.set(signedMs === undefined ? Number.NaN : Math.max(0, (Date.now() - signedMs) / 1000));
    },
  });
};
