import type { OrgId, Uuid } from '@lethe/contracts';
import { and, eq } from 'drizzle-orm';
import type { Queryable } from './database.js';
import { transitKey } from './schema.js';

export type TransitKey = typeof transitKey.$inferSelect;

export const findTransitKey = async (db: Queryable, transitKeyId: Uuid): Promise<TransitKey | undefined> => {
  const [row] = await db.select().from(transitKey).where(eq(transitKey.transitKeyId, transitKeyId));
  return row;
};

/** Makes this the organization's current key. The one before stays as a trace, older ones go. */
export const replaceTransitKey = async (tx: Queryable, key: TransitKey): Promise<void> => {
  await tx.delete(transitKey).where(and(eq(transitKey.orgId, key.orgId), eq(transitKey.current, false)));
  await tx
    .update(transitKey)
    .set({ current: false })
    .where(and(eq(transitKey.orgId, key.orgId), eq(transitKey.current, true)));
  await tx.insert(transitKey).values(key);
};

export const deleteTransitKeys = async (tx: Queryable, orgId: OrgId): Promise<void> => {
  await tx.delete(transitKey).where(eq(transitKey.orgId, orgId));
};
