import type { MetricDefinitions } from './definition.js';

const witness = { boundedBy: 'the witnesses that audit is configured with, at most 16' };

export const auditMetrics = {
  lethe_audit_appended_total: {
    type: 'counter',
    help: 'Append calls that were answered with an index.',
  },
  lethe_audit_append_refused_total: {
    type: 'counter',
    help: 'Append calls that were refused, by why.',
    labels: {
      reason: [
        'too_large',
        'invalid_event_id',
        'invalid_org_id',
        'not_utf8',
        'not_json',
        'not_in_schema',
        'not_canonical',
        'event_id_differs',
        'org_id_differs',
        'inconsistent',
        'event_id_taken',
        'event_refused',
        'queue_full',
        'log_behind',
        'log_forked',
        'anchor_unavailable',
        'refused',
        'unavailable',
        'other',
      ],
    },
  },
  lethe_audit_log_size_events: {
    type: 'gauge',
    help: 'Events in the log as far as the anchors hold it.',
  },
  lethe_audit_fork_guard: {
    type: 'gauge',
    help: '1 while the database contradicts the anchors and nothing is signed or answered.',
  },
  lethe_audit_anchor_failed_total: {
    type: 'counter',
    help: 'Attempts to read or write the anchors that failed.',
  },
  lethe_audit_checkpoint_age_seconds: {
    type: 'gauge',
    help: 'Seconds since the newest checkpoint was signed; NaN before the first look at the log.',
  },
  lethe_audit_witness_lag_events: {
    type: 'gauge',
    help: 'Events in the log that a witness has not cosigned.',
    labels: { witness },
  },
  lethe_audit_witness_failed_total: {
    type: 'counter',
    help: 'Requests to a witness that brought no cosignature, by why.',
    labels: {
      witness,
      reason: [
        'witness_is_ahead',
        'size_conflict',
        'request_refused',
        'signature_refused',
        'origin_unknown',
        'proof_refused',
        'fork',
        'cosignature_wrong',
        'answer_malformed',
        'unavailable',
        'other',
      ],
    },
  },
  lethe_audit_published_total: {
    type: 'counter',
    help: 'Events handed to the event log, repetitions included.',
  },
  lethe_audit_publish_failed_total: {
    type: 'counter',
    help: 'Attempts to publish that failed, by why.',
    labels: {
      reason: [
        'unavailable',
        'timeout',
        'severed',
        'record_too_large',
        'denied',
        'unknown_topic',
        'concurrent_publish',
        'closed',
        'store_refused',
        'store_unavailable',
        'other',
      ],
    },
  },
  lethe_audit_unpublished_events: {
    type: 'gauge',
    help: 'Events in the log that the topic does not have yet, as last looked at.',
  },
} as const satisfies MetricDefinitions;
