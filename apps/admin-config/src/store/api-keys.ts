import type { ApiKeyId, GroupId, OrgId, UserId } from '@lethe/contracts';
import { and, asc, count, desc, eq, gt, inArray, isNull, or } from 'drizzle-orm';
import type { ApiKey } from '../domain/api-key.js';
import type { Queryable } from './database.js';
import { apiKey, apiKeySecret } from './schema.js';

type Row = typeof apiKey.$inferSelect;

const fromRow = (row: Row): ApiKey => ({
  id: row.id,
  orgId: row.orgId,
  ownerUserId: row.ownerUserId,
  groupId: row.groupId ?? undefined,
  name: row.name,
  logging: row.logging,
  debug: row.debug,
  labels: row.labels,
  permissions: { manage: row.permissionManage, completions: row.permissionCompletions },
  monthlyLimitNano: row.monthlyLimitNano,
  expiresAt: row.expiresAt ?? undefined,
  revokedAt: row.revokedAt ?? undefined,
  createdAt: row.createdAt,
});

/** Finds a key that was not revoked. */
export const findApiKey = async (db: Queryable, id: ApiKeyId): Promise<ApiKey | undefined> => {
  const [row] = await db
    .select()
    .from(apiKey)
    .where(and(eq(apiKey.id, id), isNull(apiKey.revokedAt)));
  return row && fromRow(row);
};

/** The key that a secret opens, whether it still may or not. */
export const findApiKeyBySecret = async (
  db: Queryable,
  sha256: Buffer,
): Promise<{ readonly key: ApiKey; readonly notAfter: Date | undefined } | undefined> => {
  const [row] = await db
    .select({ key: apiKey, notAfter: apiKeySecret.notAfter })
    .from(apiKeySecret)
    .innerJoin(apiKey, eq(apiKey.id, apiKeySecret.apiKeyId))
    .where(eq(apiKeySecret.sha256, sha256));
  return row && { key: fromRow(row.key), notAfter: row.notAfter ?? undefined };
};

export interface ApiKeyPage {
  readonly orgId: OrgId;
  readonly after: ApiKeyId | undefined;
  readonly limit: number;
  /** Only keys of this owner or of these groups; undefined: all of the organization. */
  readonly visibleTo: { readonly userId: UserId; readonly groupIds: readonly GroupId[] } | undefined;
}

export const pageOfApiKeys = async (db: Queryable, page: ApiKeyPage): Promise<ApiKey[]> => {
  const { visibleTo } = page;
  const visible =
    visibleTo === undefined
      ? undefined
      : or(
          eq(apiKey.ownerUserId, visibleTo.userId),
          visibleTo.groupIds.length === 0 ? undefined : inArray(apiKey.groupId, [...visibleTo.groupIds]),
        );
  const rows = await db
    .select()
    .from(apiKey)
    .where(
      and(
        eq(apiKey.orgId, page.orgId),
        isNull(apiKey.revokedAt),
        page.after === undefined ? undefined : gt(apiKey.id, page.after),
        visible,
      ),
    )
    .orderBy(asc(apiKey.id))
    .limit(page.limit);
  return rows.map(fromRow);
};

export const countApiKeys = async (db: Queryable, orgId: OrgId): Promise<number> => {
  const [row] = await db
    .select({ keys: count() })
    .from(apiKey)
    .where(and(eq(apiKey.orgId, orgId), isNull(apiKey.revokedAt)));
  return row?.keys ?? 0;
};

export const insertApiKey = async (tx: Queryable, key: ApiKey): Promise<void> => {
  await tx.insert(apiKey).values({
    id: key.id,
    orgId: key.orgId,
    ownerUserId: key.ownerUserId,
    groupId: key.groupId ?? null,
    name: key.name,
    logging: key.logging,
    debug: key.debug,
    labels: key.labels,
    permissionManage: key.permissions.manage,
    permissionCompletions: key.permissions.completions,
    monthlyLimitNano: key.monthlyLimitNano,
    expiresAt: key.expiresAt ?? null,
    createdAt: key.createdAt,
  });
};

export const updateApiKey = async (
  tx: Queryable,
  id: ApiKeyId,
  change: Partial<
    Pick<Row, 'name' | 'logging' | 'debug' | 'labels' | 'monthlyLimitNano' | 'expiresAt' | 'revokedAt'>
  >,
): Promise<void> => {
  await tx.update(apiKey).set(change).where(eq(apiKey.id, id));
};

/** Takes logging and debug from every key of an organization; returns how many had one of them. */
export const forceLoggingOff = async (tx: Queryable, orgId: OrgId): Promise<number> => {
  const rows = await tx
    .update(apiKey)
    .set({ logging: false, debug: false })
    .where(and(eq(apiKey.orgId, orgId), or(eq(apiKey.logging, true), eq(apiKey.debug, true))))
    .returning({ id: apiKey.id });
  return rows.length;
};

/** Keys of an organization in every state, also revoked ones: accounting may still meet their records. */
export const allApiKeys = async (db: Queryable, orgId: OrgId): Promise<ApiKey[]> => {
  const rows = await db.select().from(apiKey).where(eq(apiKey.orgId, orgId)).orderBy(asc(apiKey.id));
  return rows.map(fromRow);
};

/** Keys of a group in every state. */
export const apiKeysOfGroup = async (db: Queryable, groupId: GroupId): Promise<ApiKey[]> => {
  const rows = await db.select().from(apiKey).where(eq(apiKey.groupId, groupId));
  return rows.map(fromRow);
};

/** Revokes what a user owns; returns the ids. */
export const revokeApiKeysOf = async (tx: Queryable, userId: UserId, now: Date): Promise<ApiKeyId[]> => {
  const rows = await tx
    .update(apiKey)
    .set({ revokedAt: now })
    .where(and(eq(apiKey.ownerUserId, userId), isNull(apiKey.revokedAt)))
    .returning({ id: apiKey.id });
  return rows.map((row) => row.id);
};

const ownKeysMax = 10_000;

/** Ids of the keys a user owns or owned, the newest first, up to a bound. */
export const apiKeyIdsOf = async (db: Queryable, userId: UserId): Promise<ApiKeyId[]> => {
  const rows = await db
    .select({ id: apiKey.id })
    .from(apiKey)
    .where(eq(apiKey.ownerUserId, userId))
    .orderBy(desc(apiKey.id))
    .limit(ownKeysMax);
  return rows.map((row) => row.id);
};
