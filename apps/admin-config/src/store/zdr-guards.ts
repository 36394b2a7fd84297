import { max, sql } from 'drizzle-orm';
import type { GuardReason } from '../domain/zdr.js';
import type { Queryable } from './database.js';
import { zdrGuard } from './schema.js';

export const guardsRaised = async (db: Queryable): Promise<readonly GuardReason[]> => {
  const rows = await db.select({ reason: zdrGuard.reason }).from(zdrGuard);
  return rows.map(({ reason }) => reason);
};

/** Raises a guard, or notes that somebody knows a later version still. True: it was not raised before. */
export const insertGuard = async (tx: Queryable, guard: typeof zdrGuard.$inferInsert): Promise<boolean> => {
  const rows = await tx.insert(zdrGuard).values(guard).onConflictDoNothing().returning();
  if (rows.length > 0) return true;
  await tx
    .update(zdrGuard)
    .set({ seenVersion: sql`greatest(${zdrGuard.seenVersion}, ${guard.seenVersion.toString()}::bigint)` })
    .where(sql`${zdrGuard.reason} = ${guard.reason}`);
  return false;
};

/** The latest version that anybody was seen to know. */
export const versionSeen = async (db: Queryable): Promise<bigint> => {
  const [row] = await db.select({ seen: max(zdrGuard.seenVersion) }).from(zdrGuard);
  return row?.seen ?? 0n;
};

/** Takes all guards away; the database refuses while anything is left to repair. Returns their reasons. */
export const deleteGuards = async (tx: Queryable): Promise<readonly GuardReason[]> => {
  const rows = await tx.delete(zdrGuard).returning();
  return rows.map(({ reason }) => reason);
};
