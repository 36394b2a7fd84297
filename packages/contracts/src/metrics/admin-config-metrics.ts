import type { MetricDefinitions } from './definition.js';

const destination = ['audit', 'accounting'] as const;

export const adminConfigMetrics = {
  lethe_admin_changes_refused_total: {
    type: 'counter',
    help: 'Changes of the configuration that the caller may not make, by error code.',
    labels: {
      code: [
        'caller.forbidden',
        'caller.conflict',
        'caller.invalid_value',
        'caller.confirmation_mismatch',
        'org_policy.zdr_irrevocable',
        'org_policy.logging_change_disallowed',
        'other',
      ],
    },
  },
  lethe_admin_router_reports_total: {
    type: 'counter',
    help: 'What routers report of themselves: leases that ran out, policies that forgot Zero Data Retention, failed checks of their process.',
    labels: { fact: ['lease_lapses', 'zdr_regressions', 'preflight_failed'] },
  },
  lethe_admin_leases_total: {
    type: 'counter',
    help: 'Leases that were granted or lapsed, and renewals that were not granted, by why.',
    labels: { fact: ['granted', 'nonce_seen', 'guarded', 'too_many', 'anchors_unread', 'lapsed'] },
  },
  lethe_admin_policy_version: {
    type: 'gauge',
    help: 'Version of the configuration that routers are sent.',
  },
  lethe_admin_policy_streams: {
    type: 'gauge',
    help: 'Routers (workers of routers) that follow the policy at this replica.',
  },
  lethe_admin_zdr_rolled_back_organizations: {
    type: 'gauge',
    help: 'Organizations that the audit log knows as ZDR and the configuration does not.',
  },
  lethe_admin_zdr_guard: {
    type: 'gauge',
    help: '1 while no lease is granted because something knows more than the configuration: it was set back.',
  },
  lethe_admin_zdr_pending: {
    type: 'gauge',
    help: 'Organizations whose ZDR is committed and not effective yet.',
  },
  lethe_admin_outbox_rows: {
    type: 'gauge',
    help: 'Calls to another service that it has not acknowledged.',
    labels: { destination },
  },
  lethe_admin_outbox_age_seconds: {
    type: 'gauge',
    help: 'Age of the oldest call that was not acknowledged; 0 when none waits.',
    labels: { destination },
  },
  lethe_admin_outbox_refused_rows: {
    type: 'gauge',
    help: 'Calls that their destination refused for ever, kept for a person to look at.',
    labels: { destination },
  },
} as const satisfies MetricDefinitions;
