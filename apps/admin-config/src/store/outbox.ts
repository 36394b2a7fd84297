import type { Uuid } from '@lethe/contracts';
import { and, asc, count, eq, inArray, isNotNull, isNull, lt, max, sql } from 'drizzle-orm';
import type { Queryable } from './database.js';
import { type OutboxDestination, type OutboxRefusal, outbox } from './schema.js';

export type OutboxRow = typeof outbox.$inferSelect;
export type NewOutboxRow = Pick<OutboxRow, 'eventId' | 'destination' | 'method' | 'orgId' | 'body'>;

/** Appends rows under a version, in order. The caller holds the version lock. */
export const appendToOutbox = async (
  tx: Queryable,
  rows: readonly NewOutboxRow[],
  at: { readonly version: bigint; readonly now: Date },
): Promise<void> => {
  if (rows.length === 0) return;
  const [last] = await tx
    .select({ ordinal: max(outbox.ordinal) })
    .from(outbox)
    .where(eq(outbox.configVersion, at.version));
  const first = (last?.ordinal ?? -1) + 1;
  await tx.insert(outbox).values(
    rows.map((row, index) => ({
      ...row,
      configVersion: at.version,
      ordinal: first + index,
      createdAt: at.now,
    })),
  );
};

/** Neither acknowledged nor refused for ever. */
const waits = and(isNull(outbox.sentAt), isNull(outbox.refusedCode));

/** Whether so many rows wait that no more are taken. Counts no further than the bound. */
export const isOutboxFull = async (tx: Queryable, rowsMax: number): Promise<boolean> => {
  const waiting = tx
    .select({ ordinal: outbox.ordinal })
    .from(outbox)
    .where(waits)
    .limit(rowsMax)
    .as('waiting');
  const [row] = await tx.select({ rows: count() }).from(waiting);
  return (row?.rows ?? 0) >= rowsMax;
};

/** True when this transaction now leads the relay of a destination, over all replicas, until it ends. */
export const leadRelay = async (tx: Queryable, destination: OutboxDestination): Promise<boolean> => {
  const [row] = await tx.execute<{ leads: boolean }>(
    sql`select pg_try_advisory_xact_lock(hashtextextended(${`lethe-outbox-${destination}`}, 0)) as leads`,
  );
  return row?.leads === true;
};

/** The oldest rows that wait, in the order of the changes. */
export const unsentRows = (
  tx: Queryable,
  destination: OutboxDestination,
  limit: number,
): Promise<OutboxRow[]> =>
  tx
    .select()
    .from(outbox)
    .where(and(eq(outbox.destination, destination), waits))
    .orderBy(asc(outbox.configVersion), asc(outbox.ordinal))
    .limit(limit);

export const markSent = async (tx: Queryable, rows: readonly OutboxRow[], now: Date): Promise<void> => {
  if (rows.length === 0) return;
  const ids = rows.map(({ eventId }) => eventId);
  await tx.update(outbox).set({ sentAt: now }).where(inArray(outbox.eventId, ids));
};

/** Keeps a row that its destination will never take, out of the way of the others. */
export const markRefused = async (tx: Queryable, row: OutboxRow, code: OutboxRefusal): Promise<void> => {
  await tx.update(outbox).set({ refusedCode: code }).where(eq(outbox.eventId, row.eventId));
};

/** Where a row stands. Rows that were sent are dropped in the end: one that is not here was sent. */
export const outboxRowState = async (
  db: Queryable,
  eventId: Uuid,
): Promise<'waiting' | 'sent' | 'refused'> => {
  const [row] = await db
    .select({ sentAt: outbox.sentAt, refusedCode: outbox.refusedCode })
    .from(outbox)
    .where(eq(outbox.eventId, eventId));
  if (row === undefined || row.sentAt !== null) return 'sent';
  return row.refusedCode === null ? 'waiting' : 'refused';
};

/** Drops rows that were sent before a moment. */
export const pruneOutbox = async (db: Queryable, sentBefore: Date): Promise<void> => {
  await db.delete(outbox).where(lt(outbox.sentAt, sentBefore));
};

/** How many rows wait for a destination, and since when the oldest does. */
export const outboxBacklog = async (
  db: Queryable,
  destination: OutboxDestination,
): Promise<{ readonly rows: number; readonly oldestMs: number | undefined }> => {
  const [row] = await db
    .select({
      rows: sql<string>`count(*)`,
      oldestMs: sql<string | null>`(extract(epoch from min(${outbox.createdAt})) * 1000)::bigint`,
    })
    .from(outbox)
    .where(and(eq(outbox.destination, destination), waits));
  return {
    rows: Number(row?.rows ?? 0),
    oldestMs: row?.oldestMs == null ? undefined : Number(row.oldestMs),
  };
};

/** How many rows a destination has refused for ever. */
export const refusedRows = async (db: Queryable, destination: OutboxDestination): Promise<number> => {
  const [row] = await db
    .select({ rows: count() })
    .from(outbox)
    .where(and(eq(outbox.destination, destination), isNotNull(outbox.refusedCode)));
  return row?.rows ?? 0;
};
