import type { OrgId, Uuid } from '@lethe/contracts';
import { and, asc, eq, isNotNull, isNull } from 'drizzle-orm';
import type { CommittedOrg, ZdrEvidence } from '../domain/zdr.js';
import type { Queryable } from './database.js';
import { organization } from './schema.js';

const pendingMax = 256;

/** Organizations whose ZDR is committed and not effective yet, the oldest first. */
export const pendingZdr = async (db: Queryable): Promise<readonly CommittedOrg[]> => {
  const rows = await db
    .select({ orgId: organization.id, version: organization.zdrVersion })
    .from(organization)
    .where(and(isNotNull(organization.zdrVersion), isNull(organization.zdrEffectiveAt)))
    .orderBy(asc(organization.zdrVersion))
    .limit(pendingMax);
  return rows.map(({ orgId, version }) => ({ orgId, version: version ?? 0n }));
};

/** All of them, with what accounting has to do about each. */
export const committedZdr = async (
  db: Queryable,
): Promise<readonly (CommittedOrg & { readonly shredHistory: boolean })[]> => {
  const rows = await db
    .select({
      orgId: organization.id,
      version: organization.zdrVersion,
      shredHistory: organization.zdrShredHistory,
    })
    .from(organization)
    .where(isNotNull(organization.zdrVersion))
    .orderBy(asc(organization.id));
  return rows.map(({ version, ...row }) => ({ ...row, version: version ?? 0n }));
};

/** Stores how the barrier ended, once. */
export const storeEvidence = async (
  tx: Queryable,
  id: OrgId,
  found: { readonly evidence: ZdrEvidence; readonly eventId: Uuid },
): Promise<void> => {
  await tx
    .update(organization)
    .set({ zdrEvidence: found.evidence, zdrEffectiveEventId: found.eventId })
    .where(and(eq(organization.id, id), isNull(organization.zdrEvidence)));
};

/** Stores when the keys of the history were destroyed, once. */
export const storeShredded = async (db: Queryable, id: OrgId, at: Date): Promise<void> => {
  await db
    .update(organization)
    .set({ zdrShreddedAt: at })
    .where(and(eq(organization.id, id), isNull(organization.zdrShreddedAt)));
};

/** T2: stores from when on ZDR holds everywhere, once. */
export const storeEffective = async (tx: Queryable, id: OrgId, at: Date): Promise<void> => {
  await tx
    .update(organization)
    .set({ zdrEffectiveAt: at })
    .where(and(eq(organization.id, id), isNull(organization.zdrEffectiveAt)));
};
