import type { OrgId, Uuid } from '@lethe/contracts';
import { and, asc, count, inArray, isNotNull, isNull, sql } from 'drizzle-orm';
import type { Queryable } from './database.js';
import { organization, zdrCensus, zdrTombstone } from './schema.js';

/** The hour of the newest census. */
export const censusHour = async (db: Queryable): Promise<Date | undefined> => {
  const [row] = await db.select({ hour: zdrCensus.hour }).from(zdrCensus);
  return row?.hour;
};

export const setCensusHour = async (tx: Queryable, hour: Date): Promise<void> => {
  await tx
    .insert(zdrCensus)
    .values({ hour })
    .onConflictDoUpdate({ target: zdrCensus.singleton, set: { hour } });
};

/** Which of these organizations have ZDR in the configuration, or are on record as rolled back. */
export const knownAsZdr = async (db: Queryable, ids: readonly OrgId[]): Promise<ReadonlySet<OrgId>> => {
  if (ids.length === 0) return new Set();
  const committed = await db
    .select({ id: organization.id })
    .from(organization)
    .where(and(inArray(organization.id, [...ids]), isNotNull(organization.zdrVersion)));
  const recorded = await db
    .select({ id: zdrTombstone.orgId })
    .from(zdrTombstone)
    .where(inArray(zdrTombstone.orgId, [...ids]));
  return new Set([...committed, ...recorded].map(({ id }) => id));
};

/** Which of these organizations the configuration has without ZDR. */
export const withoutZdr = async (db: Queryable, ids: readonly OrgId[]): Promise<readonly OrgId[]> => {
  if (ids.length === 0) return [];
  const rows = await db
    .select({ id: organization.id })
    .from(organization)
    .where(and(inArray(organization.id, [...ids]), isNull(organization.zdrVersion)))
    .orderBy(asc(organization.id));
  return rows.map(({ id }) => id);
};

/** Puts a forgotten ZDR on record, once. */
export const insertTombstone = async (
  tx: Queryable,
  tombstone: typeof zdrTombstone.$inferInsert,
): Promise<void> => {
  await tx.insert(zdrTombstone).values(tombstone);
};

/** Organizations that the log knows as ZDR and this database once did not: they are ZDR all the same. */
export const tombstoneOrgIds = async (db: Queryable): Promise<ReadonlySet<OrgId>> => {
  const rows = await db.select({ id: zdrTombstone.orgId }).from(zdrTombstone);
  return new Set(rows.map(({ id }) => id));
};

/** The same, whole. */
export const tombstones = async (
  db: Queryable,
): Promise<
  readonly {
    readonly orgId: OrgId;
    readonly enabledAt: Date;
    readonly eventId: Uuid;
    readonly shredHistory: boolean;
  }[]
> => db.select().from(zdrTombstone);

/** How many of them the configuration has and does not show as ZDR. */
export const rolledBackOrganizations = async (db: Queryable): Promise<number> => {
  const [row] = await db
    .select({ organizations: count() })
    .from(zdrTombstone)
    .innerJoin(organization, sql`${organization.id} = ${zdrTombstone.orgId}`)
    .where(isNull(organization.zdrVersion));
  return row?.organizations ?? 0;
};
