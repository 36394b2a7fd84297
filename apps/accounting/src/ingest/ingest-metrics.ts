import type { Registry } from '@lethe/service-kit';
import { Counter } from 'prom-client';

/** The figures of ingestion. Every label value comes from a closed set. */
export const createIngestMetrics = (registry: Registry) => ({
  telemetryRows: new Counter({
    name: 'lethe_accounting_telemetry_rows_total',
    help: 'Telemetry rows by what became of them: inserted or duplicate.',
    labelNames: ['result'],
    registers: [registry],
  }),
  telemetryRejected: new Counter({
    name: 'lethe_accounting_telemetry_rejected_total',
    help: 'Telemetry records that were not kept, by code.',
    labelNames: ['code'],
    registers: [registry],
  }),
  payloadAccepted: new Counter({
    name: 'lethe_accounting_payload_accepted_total',
    help: 'Payload records that were kept.',
    registers: [registry],
  }),
  payloadRefused: new Counter({
    name: 'lethe_accounting_payload_refused_total',
    help: 'Payload records that were refused, by code.',
    labelNames: ['code'],
    registers: [registry],
  }),
  payloadRemoved: new Counter({
    name: 'lethe_accounting_payload_removed_total',
    help: 'Kept payloads that were removed because no telemetry allows reading them, by code.',
    labelNames: ['code'],
    registers: [registry],
  }),
  rawRequestRefused: new Counter({
    name: 'lethe_accounting_raw_request_refused_total',
    help: 'Raw requests that were asked for and could not be opened, by code.',
    labelNames: ['code'],
    registers: [registry],
  }),
  objectsRemoved: new Counter({
    name: 'lethe_accounting_objects_removed_total',
    help: 'Objects that were removed from the object store, by code.',
    labelNames: ['code'],
    registers: [registry],
  }),
  tripwire: new Counter({
    name: 'lethe_accounting_tripwire_total',
    help: 'Records that no router should have sent, by code.',
    labelNames: ['code'],
    registers: [registry],
  }),
});
export type IngestMetrics = ReturnType<typeof createIngestMetrics>;
