import type { Batch } from '@lethe/event-log';
import type { TelemetryIngestion } from '../ingest/ingest-telemetry.js';

/** Packs a transaction takes at most; a pack has up to a hundred records. */
const packsMax = 8;

/** Processes a batch of telemetry packs, some packs a transaction. A retry repeats at most what is not committed. */
export const consumeTelemetry =
  (ingestion: TelemetryIngestion) =>
  async ({ records }: Batch): Promise<void> => {
    for (let at = 0; at < records.length; at += packsMax)
      await ingestion.ingest(records.slice(at, at + packsMax));
  };
