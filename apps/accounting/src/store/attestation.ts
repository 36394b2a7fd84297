import type { Logger } from '@lethe/service-kit';
import { type BackgroundLoop, startLoop } from '../background-loop.js';
import type { IngestMetrics } from '../ingest/ingest-metrics.js';
import type { ControlStore } from './control-store.js';

const everyMs = 2000;
const retryMsMax = 30_000;
const payloadsMax = 1000;

interface AttestationOptions {
  readonly store: Pick<ControlStore, 'attestPayloads' | 'dropShreddedPayloads'>;
  readonly metrics: Pick<IngestMetrics, 'tripwire' | 'payloadRemoved'>;
  /** How long a payload may wait for its telemetry. */
  readonly waitMs: number;
  readonly log: Logger;
  /** Told that the alarm has something to report. */
  readonly onTripwire: () => void;
}

/**
 * Removes payloads that may never be read: those that the telemetry of their insight contradicts, at once and with an
 * alarm; those whose telemetry never came; those whose keys were shredded.
 */
export const startAttestation = (options: AttestationOptions): BackgroundLoop => {
  const { store, metrics, waitMs, log, onTripwire } = options;
  return startLoop({
    event: 'attestation.turn',
    everyMs,
    retryMsMax,
    log,
    run: async (signal) => {
      for (let handled = payloadsMax; handled >= payloadsMax && !signal.aborted; ) {
        const { agree, contradict, alone } = await store.attestPayloads(waitMs, payloadsMax);
        handled = agree + contradict + alone;
        if (alone > 0) metrics.payloadRemoved.inc({ code: 'telemetry_missing' }, alone);
        if (contradict === 0) continue;
        metrics.payloadRemoved.inc({ code: 'telemetry_contradicts' }, contradict);
        metrics.tripwire.inc({ code: 'telemetry_contradicts' }, contradict);
        log.warn('payload.tripwire', { code: 'telemetry_contradicts', records: contradict });
        onTripwire();
      }
      while (!signal.aborted && (await store.dropShreddedPayloads(payloadsMax)) === payloadsMax);
    },
  });
};
