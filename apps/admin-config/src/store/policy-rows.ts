import { and, asc, eq, gt, isNotNull, isNull, ne, or } from 'drizzle-orm';
import type { Queryable } from './database.js';
import { apiKey, apiKeySecret, organization, registeredField, transitKey } from './schema.js';

/** Organizations as the routers' first layer sees them. */
export const policyOrganizations = (db: Queryable) =>
  db
    .select({
      id: organization.id,
      zdrEnabledAt: organization.zdrEnabledAt,
      userPseudonymKey: organization.userPseudonymKey,
      payloadLimits: {
        partBytesMax: organization.payloadPartBytesMax,
        totalBytesMax: organization.payloadTotalBytesMax,
      },
    })
    .from(organization)
    .orderBy(asc(organization.id));

/** ZDR organizations as the routers' second layer sees them: another query, over another column. */
export const zdrOrganizationIds = async (db: Queryable) => {
  const rows = await db
    .select({ id: organization.id })
    .from(organization)
    .where(isNotNull(organization.zdrVersion))
    .orderBy(asc(organization.id));
  return rows.map((row) => row.id);
};

export const policyFields = (db: Queryable) =>
  db.select().from(registeredField).orderBy(asc(registeredField.orgId), asc(registeredField.key));

/** Secrets that open something now: not revoked, not expired, not retired, and allowed to ask for completions. */
export const policyApiKeys = (db: Queryable, now: Date) =>
  db
    .select({
      id: apiKey.id,
      orgId: apiKey.orgId,
      groupId: apiKey.groupId,
      ownerUserId: apiKey.ownerUserId,
      logging: apiKey.logging,
      debug: apiKey.debug,
      expiresAt: apiKey.expiresAt,
      sha256: apiKeySecret.sha256,
      notAfter: apiKeySecret.notAfter,
    })
    .from(apiKeySecret)
    .innerJoin(apiKey, eq(apiKey.id, apiKeySecret.apiKeyId))
    .where(
      and(
        isNull(apiKey.revokedAt),
        ne(apiKey.permissionCompletions, 'none'),
        or(isNull(apiKey.expiresAt), gt(apiKey.expiresAt, now)),
        or(isNull(apiKeySecret.notAfter), gt(apiKeySecret.notAfter, now)),
      ),
    )
    .orderBy(asc(apiKey.id), asc(apiKeySecret.createdAt), asc(apiKeySecret.sha256));

export const currentTransitKeys = (db: Queryable) =>
  db.select().from(transitKey).where(eq(transitKey.current, true));
