import type { OrgId, Uuid } from '@lethe/contracts';
import { asc, eq, gt } from 'drizzle-orm';
import type { Organization } from '../domain/organization.js';
import type { OrgRef } from '../domain/principal.js';
import type { ZdrCommitment } from '../domain/zdr.js';
import type { Queryable } from './database.js';
import { organization } from './schema.js';

type Row = typeof organization.$inferSelect;

const zdrOf = (row: Row): ZdrCommitment | undefined =>
  row.zdrEnabledAt === null
    ? undefined
    : {
        enabledAt: row.zdrEnabledAt,
        version: row.zdrVersion ?? 0n,
        keysForcedOff: row.zdrKeysForcedOff ?? 0,
        eventId: row.zdrEventId as Uuid,
        shredHistory: row.zdrShredHistory,
        shreddedAt: row.zdrShreddedAt ?? undefined,
        barrier:
          row.zdrEvidence === null
            ? undefined
            : { evidence: row.zdrEvidence, eventId: row.zdrEffectiveEventId as Uuid },
        effectiveAt: row.zdrEffectiveAt ?? undefined,
      };

const fromRow = (row: Row): Organization => ({
  id: row.id,
  slug: row.slug,
  name: row.name,
  defaultLogging: row.defaultLogging,
  allowLoggingChange: row.allowLoggingChange,
  payloadLimits: { partBytesMax: row.payloadPartBytesMax, totalBytesMax: row.payloadTotalBytesMax },
  zdr: zdrOf(row),
  createdAt: row.createdAt,
});

const matches = (ref: OrgRef) =>
  'id' in ref ? eq(organization.id, ref.id) : eq(organization.slug, ref.slug);

export const findOrganization = async (db: Queryable, ref: OrgRef): Promise<Organization | undefined> => {
  const [row] = await db.select().from(organization).where(matches(ref));
  return row && fromRow(row);
};

/** The same, locked until the transaction ends. */
export const lockOrganization = async (tx: Queryable, ref: OrgRef): Promise<Organization | undefined> => {
  const [row] = await tx.select().from(organization).where(matches(ref)).for('update');
  return row && fromRow(row);
};

export const pageOfOrganizations = async (
  db: Queryable,
  page: { readonly after: OrgId | undefined; readonly limit: number },
): Promise<Organization[]> => {
  const rows = await db
    .select()
    .from(organization)
    .where(page.after === undefined ? undefined : gt(organization.id, page.after))
    .orderBy(asc(organization.id))
    .limit(page.limit);
  return rows.map(fromRow);
};

export const insertOrganization = async (
  tx: Queryable,
  row: Pick<Row, 'id' | 'slug' | 'name' | 'userPseudonymKey' | 'createdAt'>,
): Promise<void> => {
  await tx.insert(organization).values(row);
};

export const updateOrganization = async (
  tx: Queryable,
  id: OrgId,
  change: Partial<Pick<Organization, 'name' | 'defaultLogging' | 'allowLoggingChange' | 'payloadLimits'>>,
): Promise<void> => {
  const { payloadLimits, ...fields } = change;
  const limits =
    payloadLimits === undefined
      ? {}
      : {
          payloadPartBytesMax: payloadLimits.partBytesMax,
          payloadTotalBytesMax: payloadLimits.totalBytesMax,
        };
  await tx
    .update(organization)
    .set({ ...fields, ...limits })
    .where(eq(organization.id, id));
};

/** Writes the commitment and closes the organization's logging policy, in one statement. */
export const commitZdr = async (
  tx: Queryable,
  id: OrgId,
  zdr: Pick<ZdrCommitment, 'enabledAt' | 'version' | 'keysForcedOff' | 'eventId' | 'shredHistory'>,
): Promise<void> => {
  await tx
    .update(organization)
    .set({
      zdrEnabledAt: zdr.enabledAt,
      zdrVersion: zdr.version,
      zdrKeysForcedOff: zdr.keysForcedOff,
      zdrEventId: zdr.eventId,
      zdrShredHistory: zdr.shredHistory,
      defaultLogging: false,
      allowLoggingChange: false,
    })
    .where(eq(organization.id, id));
};
