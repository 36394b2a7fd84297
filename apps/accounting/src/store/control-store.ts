import type { ApiKeyId, GroupId, OrgId, Uuid } from '@lethe/contracts';
import type postgres from 'postgres';
import { type QueuedEvent, queueAuditEvent } from './outbox-store.js';
import { sqlStateOf, storeErrorOf } from './store-error.js';

export interface ApiKeyCopy {
  readonly apiKeyId: ApiKeyId;
  readonly orgId: OrgId;
  readonly groupId: GroupId | undefined;
  readonly logging: boolean;
  readonly version: bigint;
}

export interface TransitKeyRow {
  readonly transitKeyId: Uuid;
  readonly orgId: OrgId;
  readonly publicKey: Buffer;
}

export interface LackingOrg {
  readonly orgId: OrgId;
  readonly lacksAtRest: boolean;
  readonly lacksTransit: boolean;
}

export interface Tripped {
  readonly orgId: OrgId;
  readonly code: string;
  readonly records: bigint;
}

const gateRefused = 'ZDR02';

const mapped = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    throw storeErrorOf(error);
  }
};

/** False when the gate of the organization refused: it was sealed meanwhile. */
const unlessSealed = async (work: Promise<unknown>): Promise<boolean> => {
  try {
    await work;
    return true;
  } catch (error) {
    if (sqlStateOf(error) === gateRefused) return false;
    throw storeErrorOf(error);
  }
};

const organizations = (sql: postgres.Sql) => ({
  /** Opens an organization that is not known yet. True: it is sealed, and stays so. Throws StoreError. */
  openOrg: (orgId: OrgId): Promise<boolean> =>
    mapped(
      sql<{ sealed: boolean }[]>`select ingest.open_org(${orgId}) as sealed`.then(
        ([row]) => row?.sealed === true,
      ),
    ),
  /**
   * Seals an organization for ever: waits for its running payload transactions, destroys its transit keys and, the
   * first time, queues `sealed`. Returns the version of the first call. Throws StoreError.
   */
  sealOrg: (orgId: OrgId, version: bigint, sealed: () => QueuedEvent): Promise<bigint> =>
    mapped(
      sql.begin('isolation level read committed', async (tx) => {
        const [row] = await tx<{ sealed_version: string; newly: boolean }[]>`
          select sealed_version, newly from ingest.seal_org(${orgId}, ${version.toString()})`;
        if (row?.newly === true) await queueAuditEvent(tx, sealed());
        return BigInt(row?.sealed_version ?? version);
      }),
    ),
  /** False: the key is known under another organization, so it no longer logs. Throws StoreError. */
  putApiKey: (copy: ApiKeyCopy): Promise<boolean> =>
    mapped(
      sql<{ fits: boolean }[]>`
        select ingest.put_api_key(${copy.apiKeyId}, ${copy.orgId}, ${copy.groupId ?? null}, ${copy.logging},
          ${copy.version.toString()}) as fits`.then(([row]) => row?.fits === true),
    ),
});

const vaultRows = (sql: postgres.Sql) => ({
  putAtRestKey: (orgId: OrgId, version: number, wrapped: Buffer): Promise<boolean> =>
    unlessSealed(sql`select ingest.put_at_rest_key(${orgId}, ${version}, ${wrapped})`),
  /** Under the organization's lock; false: it was sealed meanwhile. Throws StoreError. */
  putTransitKey: (
    key: TransitKeyRow & { readonly wrappedPrivate: Buffer },
    wrappedBy: Buffer,
  ): Promise<boolean> =>
    unlessSealed(sql`
      select ingest.put_transit_key(${key.orgId}, ${key.transitKeyId}, ${key.publicKey}, ${key.wrappedPrivate},
        ${wrappedBy})`),
  /** Removes pairs that another wrapping key wrapped. Throws StoreError. */
  dropForeignTransitKeys: (wrappedBy: Buffer): Promise<void> =>
    mapped(sql`select ingest.drop_foreign_transit_keys(${wrappedBy})`.then(() => undefined)),
  orgsLackingKeys: (wrappedBy: Buffer, limit: number): Promise<readonly LackingOrg[]> =>
    mapped(
      sql<{ org_id: OrgId; lacks_at_rest: boolean; lacks_transit: boolean }[]>`
        select * from ingest.orgs_lacking_keys(${wrappedBy}, ${limit})`.then((rows) =>
        rows.map((row) => ({
          orgId: row.org_id,
          lacksAtRest: row.lacks_at_rest,
          lacksTransit: row.lacks_transit,
        })),
      ),
    ),
  unregisteredTransitKeys: (limit: number): Promise<readonly TransitKeyRow[]> =>
    mapped(
      sql<{ transit_key_id: Uuid; org_id: OrgId; public_key: Buffer }[]>`
        select * from ingest.unregistered_transit_keys(${limit})`.then((rows) =>
        rows.map((row) => ({
          transitKeyId: row.transit_key_id,
          orgId: row.org_id,
          publicKey: row.public_key,
        })),
      ),
    ),
  markRegistered: (transitKeyId: Uuid): Promise<void> =>
    mapped(sql`select ingest.mark_transit_key_registered(${transitKeyId})`.then(() => undefined)),
  anyAtRestKey: () =>
    mapped(
      sql<
        { org_id: OrgId; version: number; wrapped_key: Buffer }[]
      >`select * from ingest.any_at_rest_key()`.then(([row]) =>
        row === undefined ? undefined : { orgId: row.org_id, version: row.version, wrapped: row.wrapped_key },
      ),
    ),
});

const upkeep = (sql: postgres.Sql) => ({
  /** Takes the alarms that are due and queues an audit event for each, in one transaction. Throws StoreError. */
  reportTripwires: (toEvent: (tripped: Tripped) => QueuedEvent, limit: number): Promise<number> =>
    mapped(
      sql.begin(async (tx) => {
        const rows = await tx<{ org_id: OrgId; code: string; pending: string }[]>`
          select * from ingest.take_tripwires(${limit})`;
        for (const row of rows) {
          await queueAuditEvent(
            tx,
            toEvent({ orgId: row.org_id, code: row.code, records: BigInt(row.pending) }),
          );
        }
        return rows.length;
      }),
    ),
  /** Makes the partitions of this month and the next ones. Throws StoreError. */
  createMonthsAhead: (months: number): Promise<void> =>
    mapped(sql`select usage.create_months_ahead(${months})`.then(() => undefined)),
  /** Forgets rejects and sent audit events of long ago. Throws StoreError. */
  dropOld: (days: { readonly rejects: number; readonly sentEvents: number }): Promise<void> =>
    mapped(
      sql`select usage.drop_old_rejects(make_interval(days => ${days.rejects})),
        outbox.drop_sent(make_interval(days => ${days.sentEvents}))`.then(() => undefined),
    ),
});

/** The control face's store: gates, copies and keys, all through functions of the database. */
export const createControlStore = (sql: postgres.Sql) => ({
  ...organizations(sql),
  ...vaultRows(sql),
  ...upkeep(sql),
});
export type ControlStore = ReturnType<typeof createControlStore>;
