import { randomBytes } from 'node:crypto';
import type { UserId } from '@lethe/contracts';
import { eq } from 'drizzle-orm';
import type { Queryable } from './database.js';
import { appUser, auditSalt } from './schema.js';

const saltBytes = 32;

/** The operator has no row among the users; this stands for whoever holds the operator's token. */
export const operatorSaltId = '00000000-0000-0000-0000-000000000000' as UserId;

const findSalt = async (db: Queryable, userId: UserId): Promise<Buffer | undefined> => {
  const [row] = await db.select({ salt: auditSalt.salt }).from(auditSalt).where(eq(auditSalt.userId, userId));
  return row?.salt;
};

/** The salt of a user, made on first use. */
export const saltOf = async (db: Queryable, userId: UserId): Promise<Buffer> => {
  const present = await findSalt(db, userId);
  if (present !== undefined) return present;
  const salt = randomBytes(saltBytes);
  const made = await db.insert(auditSalt).values({ userId, salt }).onConflictDoNothing().returning();
  return made.length > 0 ? salt : ((await findSalt(db, userId)) ?? salt);
};

/** Deletes a salt; false: there was none. */
export const deleteSalt = async (tx: Queryable, userId: UserId): Promise<boolean> => {
  const rows = await tx.delete(auditSalt).where(eq(auditSalt.userId, userId)).returning();
  return rows.length > 0;
};

/** The e-mail address of a user, also of one that was removed. */
export const emailOf = async (db: Queryable, userId: UserId): Promise<string | undefined> => {
  const [row] = await db.select({ email: appUser.email }).from(appUser).where(eq(appUser.id, userId));
  return row?.email ?? undefined;
};
