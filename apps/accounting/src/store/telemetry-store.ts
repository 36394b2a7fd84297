import type { Telemetry } from '@lethe/contracts';
import type postgres from 'postgres';
import { storeErrorOf } from './store-error.js';
import { insertTelemetryStatement, telemetryRowsJson } from './telemetry-columns.js';

/** Where one entry of a record stands in the log. `ordinal` counts within a pack. */
export interface RecordReference {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  readonly ordinal: number;
  readonly sizeBytes: number;
}

/** A record that is not kept: where it stands, why, and a keyed digest. Never its bytes. */
export interface IngestReject extends RecordReference {
  readonly code: string;
  readonly hmac: Buffer;
}

export interface TelemetryBatch {
  readonly topic: string;
  readonly partition: number;
  readonly rows: readonly Telemetry[];
  readonly rejects: readonly IngestReject[];
  readonly nextOffset: bigint;
}

/** Makes the reject of a row that the database refused for its values. */
export type RejectRow = (index: number) => IngestReject;

export interface TelemetryCommitted {
  readonly inserted: number;
  readonly duplicates: number;
  /** Rows that the database refused for their values; recorded as rejects. */
  readonly refused: number;
}

const insertReject = (tx: postgres.TransactionSql, reject: IngestReject) => tx`
  insert into usage.ingest_reject (topic, part, record_offset, ordinal, size_bytes, code, hmac)
  values (${reject.topic}, ${reject.partition}, ${reject.offset.toString()}, ${reject.ordinal}, ${reject.sizeBytes},
    ${reject.code}, ${reject.hmac})
  on conflict do nothing`;

const insertRows = async (tx: postgres.TransactionSql, rows: readonly Telemetry[]): Promise<number> =>
  rows.length === 0
    ? 0
    : (await tx.unsafe(insertTelemetryStatement, [telemetryRowsJson(rows)], { prepare: true })).count;

/** One by one, so that a row the database refuses takes no other with it. */
const insertEach = async (tx: postgres.TransactionSql, rows: readonly Telemetry[], rejectRow: RejectRow) => {
  let inserted = 0;
  let refused = 0;
  for (const [index, row] of rows.entries()) {
    try {
      inserted += await tx.savepoint((point) => insertRows(point, [row]));
    } catch (error) {
      if (storeErrorOf(error).kind !== 'refused_value') throw error;
      await insertReject(tx, rejectRow(index));
      refused += 1;
    }
  }
  return { inserted, refused };
};

const finish = async (tx: postgres.TransactionSql, batch: TelemetryBatch): Promise<void> => {
  for (const reject of batch.rejects) await insertReject(tx, reject);
  await tx`
    insert into usage.consumer_offset as o (topic, part, next_offset)
    values (${batch.topic}, ${batch.partition}, ${batch.nextOffset.toString()})
    on conflict (topic, part) do update set next_offset = greatest(o.next_offset, excluded.next_offset)`;
};

/** Writes telemetry with the role that can write nothing else. */
export const createTelemetryStore = (sql: postgres.Sql) => ({
  /** The next offset to read; undefined before the first batch. Throws StoreError. */
  async nextOffset(topic: string, partition: number): Promise<bigint | undefined> {
    try {
      const [row] = await sql<{ next_offset: string }[]>`
        select next_offset from usage.consumer_offset where topic = ${topic} and part = ${partition}`;
      return row === undefined ? undefined : BigInt(row.next_offset);
    } catch (error) {
      throw storeErrorOf(error);
    }
  },
  /** Rows, rejects and the offset in one transaction: all of it or nothing. Throws StoreError. */
  async commit(batch: TelemetryBatch, rejectRow: RejectRow): Promise<TelemetryCommitted> {
    const counted = (inserted: number, refused: number): TelemetryCommitted => ({
      inserted,
      refused,
      duplicates: batch.rows.length - inserted - refused,
    });
    try {
      return await sql.begin(async (tx) => {
        const inserted = await insertRows(tx, batch.rows);
        await finish(tx, batch);
        return counted(inserted, 0);
      });
    } catch (error) {
      const failure = storeErrorOf(error);
      if (failure.kind !== 'refused_value') throw failure;
    }
    try {
      return await sql.begin(async (tx) => {
        const { inserted, refused } = await insertEach(tx, batch.rows, rejectRow);
        await finish(tx, batch);
        return counted(inserted, refused);
      });
    } catch (error) {
      throw storeErrorOf(error);
    }
  },
});
export type TelemetryStore = ReturnType<typeof createTelemetryStore>;
