import { sql } from 'drizzle-orm';
import { type ReadDatabase, readScoped } from './read-scope.js';
import { consumerOffset, ingestReject, tripwire } from './schema.js';

/** Figures of ingestion over all organizations: counts by closed codes, nothing of any organization. */
export interface IngestSummary {
  readonly offsets: readonly {
    readonly topic: string;
    readonly partition: number;
    readonly nextOffset: bigint;
  }[];
  readonly rejects: readonly { readonly topic: string; readonly code: string; readonly records: number }[];
  readonly tripwires: readonly { readonly code: string; readonly records: number }[];
}

const countRows = sql<number>`count(*)`.mapWith(Number);

export const createIngestStore = (db: ReadDatabase) => ({
  /** Throws LetheError of a closed code. */
  summary: (): Promise<IngestSummary> =>
    readScoped(db, { kind: 'unrecognised' }, async (tx) => ({
      offsets: await tx
        .select({
          topic: consumerOffset.topic,
          partition: consumerOffset.part,
          nextOffset: consumerOffset.nextOffset,
        })
        .from(consumerOffset)
        .orderBy(consumerOffset.topic, consumerOffset.part),
      rejects: await tx
        .select({ topic: ingestReject.topic, code: ingestReject.code, records: countRows })
        .from(ingestReject)
        .groupBy(ingestReject.topic, ingestReject.code)
        .orderBy(ingestReject.topic, ingestReject.code),
      tripwires: await tx
        .select({ code: tripwire.code, records: sql<number>`sum(${tripwire.total})`.mapWith(Number) })
        .from(tripwire)
        .groupBy(tripwire.code)
        .orderBy(tripwire.code),
    })),
  /** True when the database answers. Never throws. */
  ping: async (): Promise<boolean> => {
    try {
      await db.execute(sql`select 1`);
      return true;
    } catch {
      return false;
    }
  },
});
export type IngestStore = ReturnType<typeof createIngestStore>;
