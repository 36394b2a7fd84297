import type { OrgId, UserId, Uuid } from '@lethe/contracts';
import { and, count, eq, isNull } from 'drizzle-orm';
import type { Queryable } from './database.js';
import { appUser, managementToken } from './schema.js';

export const insertToken = async (
  tx: Queryable,
  token: {
    readonly id: Uuid;
    readonly userId: UserId;
    readonly name: string;
    readonly sha256: Buffer;
    readonly createdAt: Date;
  },
): Promise<void> => {
  await tx.insert(managementToken).values(token);
};

export const countTokens = async (db: Queryable, userId: UserId): Promise<number> => {
  const [row] = await db
    .select({ tokens: count() })
    .from(managementToken)
    .where(and(eq(managementToken.userId, userId), isNull(managementToken.revokedAt)));
  return row?.tokens ?? 0;
};

export const findToken = async (
  db: Queryable,
  id: Uuid,
): Promise<
  { readonly orgId: OrgId; readonly userId: UserId; readonly revokedAt: Date | null } | undefined
> => {
  const [row] = await db
    .select({ orgId: appUser.orgId, userId: appUser.id, revokedAt: managementToken.revokedAt })
    .from(managementToken)
    .innerJoin(appUser, eq(appUser.id, managementToken.userId))
    .where(eq(managementToken.id, id));
  return row;
};

export const markTokenRevoked = async (tx: Queryable, id: Uuid, now: Date): Promise<void> => {
  await tx.update(managementToken).set({ revokedAt: now }).where(eq(managementToken.id, id));
};

export const revokeTokensOf = async (tx: Queryable, userId: UserId, now: Date): Promise<number> => {
  const rows = await tx
    .update(managementToken)
    .set({ revokedAt: now })
    .where(and(eq(managementToken.userId, userId), isNull(managementToken.revokedAt)))
    .returning({ id: managementToken.id });
  return rows.length;
};
