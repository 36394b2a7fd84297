import { decodePack, decodeTelemetry, type Telemetry, type TelemetryReject } from '@lethe/contracts';
import type { StoredRecord } from '@lethe/event-log';
import type { Logger } from '@lethe/service-kit';
import type { IngestReject, RecordReference, TelemetryStore } from '../store/telemetry-store.js';
import { rejectDigest, type WrappingKeys } from '../vault/wrapping-keys.js';
import type { IngestMetrics } from './ingest-metrics.js';

export type TelemetryRejectCode = TelemetryReject | 'broken_pack' | 'store_refused';

/** A record that could carry content is an alarm, even though nothing of it is kept. */
const tripwires = {
  unknown_field: 'telemetry_unknown_field',
  too_large: 'telemetry_too_large',
} as const satisfies Partial<Record<TelemetryRejectCode, string>>;
const isTripwire = (code: TelemetryRejectCode): code is keyof typeof tripwires =>
  Object.hasOwn(tripwires, code);

interface Entry {
  readonly reference: RecordReference;
  /** Makes the digest, for the few records that need one. */
  readonly digest: () => Buffer;
}

interface GoodEntry extends Entry {
  readonly telemetry: Telemetry;
}

interface BadEntry extends Entry {
  readonly code: TelemetryRejectCode;
}

const toReject = ({ reference, digest }: Entry, code: TelemetryRejectCode): IngestReject => ({
  ...reference,
  code,
  hmac: digest(),
});

/** Splits one record of the topic into rows and rejects; a bad entry takes none of its neighbours with it. */
const splitRecord = (keys: WrappingKeys, topic: string, stored: StoredRecord) => {
  const good: GoodEntry[] = [];
  const bad: BadEntry[] = [];
  for (const { ordinal, bytes } of decodePack(stored.value)) {
    const entry: Entry = {
      reference: {
        topic,
        partition: stored.partition,
        offset: stored.offset,
        ordinal,
        sizeBytes: (bytes ?? stored.value).length,
      },
      digest: () => rejectDigest(keys, stored.key, bytes ?? stored.value),
    };
    if (bytes === undefined) {
      bad.push({ ...entry, code: 'broken_pack' });
      continue;
    }
    const decoded = decodeTelemetry(bytes);
    if (decoded.ok) good.push({ ...entry, telemetry: decoded.telemetry });
    else bad.push({ ...entry, code: decoded.reject });
  }
  return { good, bad };
};

interface IngestTelemetryDeps {
  readonly store: TelemetryStore;
  readonly keys: WrappingKeys;
  readonly topic: string;
  readonly metrics: IngestMetrics;
  readonly log: Logger;
}

/** The telemetry path: it decodes a message type without a payload field and writes with a role that has no way to payload. */
export const createTelemetryIngestion = ({ store, keys, topic, metrics, log }: IngestTelemetryDeps) => {
  const countRejects = (codes: readonly TelemetryRejectCode[]): void => {
    for (const code of codes) {
      metrics.telemetryRejected.inc({ code });
      if (isTripwire(code)) metrics.tripwire.inc({ code: tripwires[code] });
    }
    if (codes.length > 0) log.warn('telemetry.rejected', { records: codes.length, code: codes[0] });
    if (codes.some(isTripwire)) log.warn('telemetry.tripwire');
  };

  return {
    /** Commits consecutive records of one partition in one transaction. Throws StoreError. */
    async ingest(records: readonly StoredRecord[]): Promise<void> {
      const last = records.at(-1);
      if (last === undefined) return;
      const split = records.map((record) => splitRecord(keys, topic, record));
      const good = split.flatMap((each) => each.good);
      const bad = split.flatMap((each) => each.bad);
      const committed = await store.commit(
        {
          topic,
          partition: last.partition,
          rows: good.map((entry) => entry.telemetry),
          rejects: bad.map((entry) => toReject(entry, entry.code)),
          nextOffset: last.offset + 1n,
        },
        (index) => toReject(good[index] as GoodEntry, 'store_refused'),
      );
      metrics.telemetryRows.inc({ result: 'inserted' }, committed.inserted);
      metrics.telemetryRows.inc({ result: 'duplicate' }, committed.duplicates);
      countRejects([
        ...bad.map((entry) => entry.code),
        ...Array<TelemetryRejectCode>(committed.refused).fill('store_refused'),
      ]);
    },
  };
};
export type TelemetryIngestion = ReturnType<typeof createTelemetryIngestion>;
