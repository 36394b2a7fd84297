import { counterOf, type Registry } from '@lethe/service-kit';

/** The figures of ingestion. Every label value comes from a closed set. */
export const createIngestMetrics = (registry: Registry) => ({
  telemetryRows: counterOf(registry, 'lethe_accounting_telemetry_rows_total'),
  telemetryRejected: counterOf(registry, 'lethe_accounting_telemetry_rejected_total'),
  payloadAccepted: counterOf(registry, 'lethe_accounting_payload_accepted_total'),
  payloadRefused: counterOf(registry, 'lethe_accounting_payload_refused_total'),
  payloadRemoved: counterOf(registry, 'lethe_accounting_payload_removed_total'),
  rawRequestRefused: counterOf(registry, 'lethe_accounting_raw_request_refused_total'),
  objectsRemoved: counterOf(registry, 'lethe_accounting_objects_removed_total'),
  tripwire: counterOf(registry, 'lethe_accounting_tripwire_total'),
});
export type IngestMetrics = ReturnType<typeof createIngestMetrics>;
