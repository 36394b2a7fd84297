import type { Batch, StoredRecord } from '@lethe/event-log';
import type { Logger } from '@lethe/service-kit';
import { isTripwire, type RefusalCode } from '../ingest/decide-ingestion.js';
import type { IngestMetrics } from '../ingest/ingest-metrics.js';
import {
  type DecodedRecord,
  decodeRecord,
  type PayloadIngestion,
  type PayloadOutcome,
  runsOf,
} from '../ingest/ingest-payload.js';
import { pause } from './persist.js';

const runRecordsMax = 32;
/** How long a setting may be on its way from admin-config before a refusal stands. */
const graceMs = 2000;
const graceStepMs = 100;

/**
 * Says whether a refused record may wait: a payload can arrive before the copy of the key that allows it. Bounded by
 * the record's age and, should clocks disagree, by the number of waits.
 */
export const createGrace = (nowMs: () => number = Date.now) => {
  let waitingFor = '';
  let waits = 0;
  return {
    mayWait(record: StoredRecord): boolean {
      const position = `${record.partition}:${record.offset}`;
      if (position !== waitingFor) {
        waitingFor = position;
        waits = 0;
      }
      waits += 1;
      return nowMs() < record.timestampMs + graceMs && waits * graceStepMs <= graceMs;
    },
  };
};

interface ConsumePayloadDeps {
  readonly ingestion: PayloadIngestion;
  readonly metrics: IngestMetrics;
  readonly log: Logger;
  /** Told that the alarm has something to report. */
  readonly onTripwire: () => void;
}

/** Processes a batch of sealed payload records in order, run by run. */
export const consumePayload = ({ ingestion, metrics, log, onTripwire }: ConsumePayloadDeps) => {
  const count = (outcomes: readonly PayloadOutcome[]): void => {
    const alarms = new Map<RefusalCode, number>();
    for (const { code, first } of outcomes) {
      if (!first || code === 'duplicate') continue;
      if (code === 'accepted') {
        metrics.payloadAccepted.inc();
        continue;
      }
      metrics.payloadRefused.inc({ code });
      if (!isTripwire(code)) continue;
      metrics.tripwire.inc({ code });
      alarms.set(code, (alarms.get(code) ?? 0) + 1);
    }
    const orgId = outcomes[0]?.orgId;
    for (const [code, records] of alarms) log.warn('payload.tripwire', { code, records, orgId });
    if (alarms.size > 0) onTripwire();
  };

  const consumeRun = async (run: readonly DecodedRecord[], signal: AbortSignal): Promise<void> => {
    let rest = run;
    while (rest.length > 0) {
      const { outcomes, waiting } = await ingestion.ingestRun(rest);
      count(outcomes);
      rest = rest.slice(outcomes.length);
      if (waiting) await pause(graceStepMs, signal);
    }
  };

  return async ({ records }: Batch, signal: AbortSignal): Promise<void> => {
    for (const run of runsOf(records.map(decodeRecord), runRecordsMax)) await consumeRun(run, signal);
  };
};
