import type { EventLogRecord } from '@lethe/event-log';
import { storedOrgId } from '../append/event-codec.js';
import type { AuditDatabase, ISql } from '../store/database.js';
import { atStoreEdge, StoreError } from '../store/store-error.js';

/** Events of one publish, and their bytes: the topic takes 64 KiB with what the log adds to each record. */
const ROWS_MAX = 100;
const BATCH_BYTES_MAX = 56_000;
const RECORD_OVERHEAD_BYTES = 256;
/** Events of no organization share this key, and with it their order. */
const DEPLOYMENT_KEY = 'deployment';
/** Held by the one publisher there is, in whatever process, for the length of a transaction. */
const LEADER_LOCK_KEY = 7_605_001;

const headers = { 'content-type': 'application/cloudevents+json' };

export interface NextBatch {
  readonly records: readonly EventLogRecord[];
  /** The index after the batch. */
  readonly nextIndex: number;
  /** Events without the batch's that still wait. */
  readonly waiting: number;
  /** The size of the newest checkpoint that the topic has; -1 before the first. */
  readonly publishedSize: number;
}

/** Runs work in the transaction of the one that publishes; undefined when that is another. Rejects with StoreError. */
export const asLeader = <T>(
  { sql }: AuditDatabase,
  work: (transaction: ISql) => Promise<T>,
): Promise<T | undefined> =>
  atStoreEdge(
    async () =>
      (await sql.begin(async (transaction) => {
        const [row] = await transaction<{ held: boolean }[]>`
          select set_config('app.reads_all', 'on', true), pg_try_advisory_xact_lock(${LEADER_LOCK_KEY}) as held`;
        return row?.held === true ? await work(transaction) : undefined;
      })) as T | undefined,
  );

interface BatchRow {
  readonly next: string;
  readonly published_size: string;
  readonly idx: string | null;
  readonly body: Buffer | null;
}

/**
 * The next events in the order of their indexes, as many as one publish takes, at least one, none from the index
 * `endIndex` on; none when everything is published. Each has the key that its own bytes name.
 */
export const readNextBatch = async (transaction: ISql, endIndex: number): Promise<NextBatch> => {
  const rows = await transaction<BatchRow[]>`
    select p.next_idx::text as next, p.checkpoint_size::text as published_size, b.idx::text as idx, b.body
    from audit.publish_state p left join lateral (
      select l.idx, e.body, sum(octet_length(e.body) + ${RECORD_OVERHEAD_BYTES}::integer) over (order by l.idx) as bytes
      from audit.leaf l join audit.event e on e.event_id = l.event_id
      where l.idx >= p.next_idx and l.idx < least(p.next_idx + ${ROWS_MAX}::integer, ${String(endIndex)}::bigint)
    ) b on b.bytes <= ${BATCH_BYTES_MAX}::integer or b.idx = p.next_idx
    order by b.idx`;
  const [first] = rows;
  if (first === undefined) throw new StoreError('unavailable', '');
  const next = Number(first.next);
  const records: EventLogRecord[] = [];
  for (const { idx, body } of rows) {
    if (idx === null || body === null || Number(idx) !== next + records.length) break;
    records.push({ key: Buffer.from(storedOrgId(body) ?? DEPLOYMENT_KEY), value: body, headers });
  }
  const nextIndex = next + records.length;
  return {
    records,
    nextIndex,
    waiting: Math.max(0, endIndex - nextIndex),
    publishedSize: Number(first.published_size),
  };
};

/** Remembers durably what is published: events before an index, and a checkpoint. Neither goes back. */
export const markPublished = async (
  transaction: ISql,
  { nextIndex, size }: { readonly nextIndex: number; readonly size: number },
): Promise<void> => {
  await transaction`
    select audit.mark_published(${String(nextIndex)}::bigint), audit.mark_checkpoint_published(${String(size)}::bigint)`;
};
