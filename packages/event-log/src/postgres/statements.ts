import type postgres from 'postgres';
import type { EventLogRecord, Position, StoredRecord, TopicName } from '../port.js';
import { rulesOf } from '../topics.js';
import { byteaArray, decodeHeaders, encodeHeaders } from './codec.js';

/** The one partition of every topic here. */
export const partition = 0;
const maxReadBytes = 4_194_304;

interface Row {
  readonly record_offset: string;
  readonly stored_at_ms: string;
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly headers: Buffer | null;
}

// Names of functions by family: the rights of a role are the functions it may call.
const isInsight = (topic: TopicName): boolean => rulesOf(topic).family === 'insight';

/** Appends in one statement, which is its own transaction. */
export const append = async (
  sql: postgres.Sql,
  topic: TopicName,
  records: readonly EventLogRecord[],
): Promise<Position[]> => {
  const keys = byteaArray(records.map(({ key }) => key));
  const values = byteaArray(records.map(({ value }) => value));
  const headers = byteaArray(records.map((record) => encodeHeaders(record.headers)));
  const [row] = isInsight(topic)
    ? await sql`select event_log.append_insight(${topic}, ${keys}::bytea[], ${values}::bytea[], ${headers}::bytea[]) as first`
    : await sql`select event_log.append_audit(${topic}, ${keys}::bytea[], ${values}::bytea[], ${headers}::bytea[]) as first`;
  const first = BigInt(String(row?.first));
  return records.map((_, index) => ({ partition, offset: first + BigInt(index) }));
};

/** Whether this connection is now the one reader of the group. */
export const claim = async (sql: postgres.Sql, topic: TopicName, group: string): Promise<boolean> => {
  const [row] = isInsight(topic)
    ? await sql`select event_log.claim_insight(${topic}, ${group}) as claimed`
    : await sql`select event_log.claim_audit(${topic}, ${group}) as claimed`;
  return row?.claimed === true;
};

/** The earliest offset that is still there, and the one the next record will get. */
export const bounds = async (
  sql: postgres.Sql,
  topic: TopicName,
): Promise<{ earliest: bigint; next: bigint }> => {
  const [row] = isInsight(topic)
    ? await sql`select * from event_log.bounds_insight(${topic})`
    : await sql`select * from event_log.bounds_audit(${topic})`;
  return { earliest: BigInt(String(row?.earliest_offset)), next: BigInt(String(row?.next_offset)) };
};

/** Records from an offset on, in order; at most `limit` and about 4 MiB. */
export const read = async (
  sql: postgres.Sql,
  topic: TopicName,
  from: bigint,
  limit: number,
): Promise<StoredRecord[]> => {
  const rows = isInsight(topic)
    ? await sql<
        Row[]
      >`select * from event_log.read_insight(${topic}, ${String(from)}, ${limit}, ${maxReadBytes})`
    : await sql<
        Row[]
      >`select * from event_log.read_audit(${topic}, ${String(from)}, ${limit}, ${maxReadBytes})`;
  return rows.map((row) => {
    const headers = decodeHeaders(row.headers);
    return {
      partition,
      offset: BigInt(row.record_offset),
      timestampMs: Number(row.stored_at_ms),
      key: row.key,
      value: row.value,
      ...(headers && { headers }),
    };
  });
};

/** Removes insights past their retention, at most `limit`; resolves with how many. */
export const deleteExpired = async (sql: postgres.Sql, limit: number): Promise<number> => {
  const [row] = await sql`select event_log.delete_expired_insights(${limit}) as deleted`;
  return Number(row?.deleted);
};
