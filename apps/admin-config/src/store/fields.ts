import type { OrgId } from '@lethe/contracts';
import { and, asc, eq } from 'drizzle-orm';
import type { Queryable } from './database.js';
import { registeredField } from './schema.js';

export type RegisteredField = typeof registeredField.$inferSelect;

/** All registered keys of an organization; their number is bounded when one is registered. */
export const fieldsOf = (db: Queryable, orgId: OrgId): Promise<RegisteredField[]> =>
  db.select().from(registeredField).where(eq(registeredField.orgId, orgId)).orderBy(asc(registeredField.key));

export const insertField = async (tx: Queryable, field: RegisteredField): Promise<void> => {
  await tx.insert(registeredField).values(field);
};

/** Deletes by key; returns what was there. */
export const deleteField = async (
  tx: Queryable,
  orgId: OrgId,
  key: string,
): Promise<RegisteredField | undefined> => {
  const [row] = await tx
    .delete(registeredField)
    .where(and(eq(registeredField.orgId, orgId), eq(registeredField.key, key)))
    .returning();
  return row;
};
