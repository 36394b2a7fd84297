import type { EventLogRecord } from '@lethe/event-log';
import { and, asc, eq, gte, lt, sql } from 'drizzle-orm';
import type { Transaction } from '../store/database.js';
import { event, leaf, publishState } from '../store/schema.js';

/** Events read at once, and bytes of one publish: the topic takes 64 KiB with what the log adds to each record. */
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
}

/** Whether this transaction is the one that publishes. */
export const becomeLeader = async (transaction: Transaction): Promise<boolean> => {
  const rows = await transaction.execute<{ held: boolean }>(
    sql`select pg_try_advisory_xact_lock(${LEADER_LOCK_KEY}) as held`,
  );
  return rows[0]?.held === true;
};

/**
 * The next events in the order of their indexes, as many as one publish takes, none from the index `endIndex` on; none
 * when everything is published.
 */
export const readNextBatch = async (transaction: Transaction, endIndex: number): Promise<NextBatch> => {
  const [cursor] = await transaction.select({ next: publishState.nextIdx }).from(publishState);
  const next = cursor?.next ?? 0;
  const rows = await transaction
    .select({ index: leaf.idx, orgId: leaf.orgId, body: event.body })
    .from(leaf)
    .innerJoin(event, eq(event.eventId, leaf.eventId))
    .where(and(gte(leaf.idx, next), lt(leaf.idx, endIndex)))
    .orderBy(asc(leaf.idx))
    .limit(ROWS_MAX);
  const records: EventLogRecord[] = [];
  let bytes = 0;
  for (const row of rows) {
    bytes += row.body.length + RECORD_OVERHEAD_BYTES;
    const isNext = row.index === next + records.length;
    if (!isNext || (records.length > 0 && bytes > BATCH_BYTES_MAX)) break;
    records.push({ key: Buffer.from(row.orgId ?? DEPLOYMENT_KEY), value: row.body, headers });
  }
  const nextIndex = next + records.length;
  return { records, nextIndex, waiting: Math.max(0, endIndex - nextIndex) };
};

/** Remembers durably what is published. */
export const markPublished = async (transaction: Transaction, nextIndex: number): Promise<void> => {
  await transaction.execute(sql`select audit.mark_published(${nextIndex}::bigint)`);
};

/** The size of the newest checkpoint that the topic has; -1 before the first. */
export const readPublishedSize = async (transaction: Transaction): Promise<number> => {
  const [row] = await transaction.select({ size: publishState.checkpointSize }).from(publishState);
  return row?.size ?? -1;
};

/** Remembers durably which checkpoint is published. */
export const markCheckpointPublished = async (transaction: Transaction, size: number): Promise<void> => {
  await transaction.execute(sql`select audit.mark_checkpoint_published(${size}::bigint)`);
};
