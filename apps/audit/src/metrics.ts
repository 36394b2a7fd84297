import { counterOf, gaugeOf, type Registry, readMetric } from '@lethe/service-kit';

/** The figures of this service. Every label value is one of a closed list, or the name of a configured witness. */
export const createAuditMetrics = (registry: Registry) => ({
  appended: counterOf(registry, 'lethe_audit_appended_total'),
  refused: counterOf(registry, 'lethe_audit_append_refused_total'),
  logSize: gaugeOf(registry, 'lethe_audit_log_size_events'),
  forkGuard: gaugeOf(registry, 'lethe_audit_fork_guard'),
  anchorFailed: counterOf(registry, 'lethe_audit_anchor_failed_total'),
  witnessLag: gaugeOf(registry, 'lethe_audit_witness_lag_events'),
  witnessFailed: counterOf(registry, 'lethe_audit_witness_failed_total'),
  published: counterOf(registry, 'lethe_audit_published_total'),
  publishFailed: counterOf(registry, 'lethe_audit_publish_failed_total'),
  unpublished: gaugeOf(registry, 'lethe_audit_unpublished_events'),
});

export type AuditMetrics = ReturnType<typeof createAuditMetrics>;

/** Shows how old the newest checkpoint is whenever the figures are asked for; NaN without one. */
export const showCheckpointAge = (registry: Registry, signedAtMs: () => number | undefined): void => {
  readMetric(registry, 'lethe_audit_checkpoint_age_seconds', () => {
    const signedMs = signedAtMs();
    return signedMs === undefined ? Number.NaN : Math.max(0, (Date.now() - signedMs) / 1000);
  });
};
