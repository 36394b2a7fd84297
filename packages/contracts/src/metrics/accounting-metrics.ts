import type { MetricDefinitions } from './definition.js';

const topic = ['lethe.insight.telemetry.v1', 'lethe.insight.payload.v1'] as const;

export const accountingMetrics = {
  lethe_accounting_telemetry_rows_total: {
    type: 'counter',
    help: 'Telemetry rows by what became of them. A duplicate is one that was stored before, and is billed once.',
    labels: { result: ['inserted', 'duplicate'] },
  },
  lethe_accounting_telemetry_rejected_total: {
    type: 'counter',
    help: 'Telemetry records that were not kept, by why: requests that are not billed.',
    labels: {
      code: [
        'malformed',
        'too_large',
        'unknown_field',
        'unknown_enum',
        'bad_id',
        'bad_identifier',
        'bad_number',
        'broken_pack',
        'store_refused',
      ],
    },
  },
  lethe_accounting_payload_accepted_total: {
    type: 'counter',
    help: 'Payload records that were kept.',
  },
  lethe_accounting_payload_refused_total: {
    type: 'counter',
    help: 'Payload records that were refused, by why. Those that no router should have sent are in the tripwire, too.',
    labels: {
      code: [
        'org_sealed',
        'org_unknown',
        'key_unknown',
        'key_not_logging',
        'transit_key_unknown',
        'content_key_invalid',
        'raw_request_invalid',
        'at_rest_key_missing',
        'store_refused',
        'malformed',
        'too_large',
        'unknown_field',
        'bad_id',
        'bad_length',
      ],
    },
  },
  lethe_accounting_payload_removed_total: {
    type: 'counter',
    help: 'Kept payloads that were removed because no telemetry allows reading them, by why.',
    labels: { code: ['telemetry_missing', 'telemetry_contradicts'] },
  },
  lethe_accounting_raw_request_refused_total: {
    type: 'counter',
    help: 'Request bodies that somebody asked for and that could not be opened, by why.',
    labels: { code: ['object_missing', 'object_length', 'object_not_authentic', 'store_away', 'busy'] },
  },
  lethe_accounting_objects_removed_total: {
    type: 'counter',
    help: 'Objects that were removed from the object store: their row had gone, or they never had one.',
    labels: { code: ['row_gone', 'orphan'] },
  },
  lethe_accounting_tripwire_total: {
    type: 'counter',
    help: 'Records that no router should have sent, by why: payload of an organization under ZDR (org_sealed), of one that is unknown, of a key that does not log; telemetry that could carry content; telemetry that contradicts its payload.',
    labels: {
      code: [
        'org_sealed',
        'org_unknown',
        'key_not_logging',
        'telemetry_unknown_field',
        'telemetry_too_large',
        'telemetry_contradicts',
      ],
    },
  },
  lethe_accounting_consumer_lag_records: {
    type: 'gauge',
    help: 'Records that are in the log and not processed by this replica.',
    labels: { topic },
  },
  lethe_accounting_consumer_lag_seconds: {
    type: 'gauge',
    help: 'How long the oldest record that is not processed has been waiting; 0 when none is.',
    labels: { topic },
  },
  lethe_accounting_last_batch_age_seconds: {
    type: 'gauge',
    help: 'Time since a batch was last processed; absent before the first.',
    labels: { topic },
  },
  lethe_accounting_consumer_working: {
    type: 'gauge',
    help: '1 while the consumer reads and the database takes it.',
    labels: { topic },
  },
  lethe_accounting_outbox_age_seconds: {
    type: 'gauge',
    help: 'Age of the oldest audit event that audit has not acknowledged; 0 when none waits.',
  },
  lethe_accounting_audit_events_refused_total: {
    type: 'counter',
    help: 'Audit events that audit refused for ever, by why. Each is kept in the outbox.',
    labels: { code: ['invalid_argument', 'already_exists'] },
  },
} as const satisfies MetricDefinitions;
