import type { ApiKeyId, GroupId, OrgId, Uuid } from '@lethe/contracts';
import type postgres from 'postgres';
import { type QueuedEvent, queueAuditEvent } from './outbox-store.js';
import { StoreError, sqlStateOf, storeErrorOf } from './store-error.js';

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

/** What comparing payloads with their telemetry came to; `alone`: no telemetry came in time. */
export interface Attested {
  readonly agree: number;
  readonly contradict: number;
  readonly alone: number;
}

export interface Tripped {
  readonly orgId: OrgId;
  readonly code: string;
  readonly records: bigint;
}

/** What an organization is sealed with, and whether its history goes too. */
export interface Sealing {
  readonly orgId: OrgId;
  readonly version: bigint;
  readonly shredHistory: boolean;
}

export interface Sealed {
  /** Of the first sealing. */
  readonly sealedVersion: bigint;
  /** undefined: the history was not shredded. */
  readonly shreddedAtMs: bigint | undefined;
}

/** Makes the audit events of what a sealing did for the first time. */
export interface SealingEvents {
  sealed(): QueuedEvent;
  shredded(counts: { readonly keysDestroyed: number; readonly payloads: number }): QueuedEvent;
}

const gateRefused = 'ZDR02';
const wrappedByAnother = 'ZDR04';
const lockTimeout = '2s';
const attemptsMax = 4;

const mapped = async <T>(work: Promise<T>): Promise<T> => {
  try {
    return await work;
  } catch (error) {
    throw storeErrorOf(error);
  }
};

/** False when the gate of the organization refused, or another wrapping key is in use. */
const unlessRefused = async (work: Promise<unknown>): Promise<boolean> => {
  try {
    await work;
    return true;
  } catch (error) {
    if ([gateRefused, wrappedByAnother].includes(sqlStateOf(error))) return false;
    throw storeErrorOf(error);
  }
};

const sealOnce = (
  sql: postgres.Sql,
  { orgId, version, shredHistory }: Sealing,
  events: SealingEvents,
): Promise<Sealed> =>
  sql.begin('isolation level read committed', async (tx) => {
    await tx.unsafe(`set local lock_timeout = '${lockTimeout}'`);
    const [row] = await tx<{ sealed_version: string; newly: boolean }[]>`
      select sealed_version, newly from ingest.seal_org(${orgId}, ${version.toString()})`;
    if (row?.newly === true) await queueAuditEvent(tx, events.sealed());
    const sealedVersion = BigInt(row?.sealed_version ?? version);
    if (!shredHistory) {
      const [gate] = await tx<{ at: string | null }[]>`select ingest.shredded_at_ms(${orgId}) as at`;
      const at = gate?.at ?? undefined;
      return { sealedVersion, shreddedAtMs: at === undefined ? undefined : BigInt(at) };
    }
    const [shred] = await tx<
      { shredded_at_ms: string; newly: boolean; keys_destroyed: number; payloads: string }[]
    >`select * from ingest.shred_org(${orgId})`;
    if (shred === undefined) throw new StoreError('failed', 'NO_ROW');
    if (shred.newly)
      await queueAuditEvent(
        tx,
        events.shredded({ keysDestroyed: shred.keys_destroyed, payloads: Number(shred.payloads) }),
      );
    return { sealedVersion, shreddedAtMs: BigInt(shred.shredded_at_ms) };
  });

const organizations = (sql: postgres.Sql) => ({
  /** Opens an organization that is not known yet. True: it is sealed, and stays so. Throws StoreError. */
  openOrg: (orgId: OrgId): Promise<boolean> =>
    mapped(
      sql<{ sealed: boolean }[]>`select ingest.open_org(${orgId}) as sealed`.then(
        ([row]) => row?.sealed === true,
      ),
    ),
  /**
   * Seals an organization for ever: waits for its running payload transactions, deletes its transit keys and, when the
   * history goes too, destroys its at-rest keys; queues the events of what is new. Idempotent. Throws StoreError.
   */
  sealOrg: async (sealing: Sealing, events: SealingEvents): Promise<Sealed> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await sealOnce(sql, sealing, events);
      } catch (error) {
        const failure = storeErrorOf(error);
        if (failure.kind !== 'timeout' || attempt === attemptsMax) throw failure;
      }
    }
  },
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
    unlessRefused(sql`select ingest.put_at_rest_key(${orgId}, ${version}, ${wrapped})`),
  /** Under the organization's lock. False: it was sealed meanwhile, or the wrapping key replaced. Throws StoreError. */
  putTransitKey: (
    key: TransitKeyRow & { readonly wrappedPrivate: Buffer },
    wrappedBy: Buffer,
  ): Promise<boolean> =>
    unlessRefused(sql`
      select ingest.put_transit_key(${key.orgId}, ${key.transitKeyId}, ${key.publicKey}, ${key.wrappedPrivate},
        ${wrappedBy})`),
  /** Open organizations without an at-rest key, or without a pair younger than `rotateMs`. Throws StoreError. */
  orgsLackingKeys: (rotateMs: number, limit: number): Promise<readonly LackingOrg[]> =>
    mapped(
      sql<{ org_id: OrgId; lacks_at_rest: boolean; lacks_transit: boolean }[]>`
        select * from ingest.orgs_lacking_keys(make_interval(secs => ${rotateMs / 1000}), ${limit})`.then(
        (rows) =>
          rows.map((row) => ({
            orgId: row.org_id,
            lacksAtRest: row.lacks_at_rest,
            lacksTransit: row.lacks_transit,
          })),
      ),
    ),
  /** Deletes pairs that were replaced longer than `keepMs` ago. The vault has to settle afterwards. Throws StoreError. */
  dropRetiredTransitKeys: (keepMs: number): Promise<number> =>
    mapped(
      sql<{ dropped: string }[]>`
        select ingest.drop_retired_transit_keys(make_interval(secs => ${keepMs / 1000})) as dropped`.then(
        ([row]) => Number(row?.dropped ?? 0),
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
  /** Compares payloads with their telemetry and removes what may never be read. Returns counts. Throws StoreError. */
  attestPayloads: (waitMs: number, limit: number): Promise<Attested> =>
    mapped(
      sql<{ result: string; payloads: string }[]>`
        select * from ingest.attest_payloads(make_interval(secs => ${waitMs / 1000}), ${limit})`.then(
        (rows) => {
          const of = (result: string) => Number(rows.find((row) => row.result === result)?.payloads ?? 0);
          return { agree: of('agrees'), contradict: of('contradicts'), alone: of('alone') };
        },
      ),
    ),
  /** Removes some of the payloads whose keys were shredded; returns how many. Throws StoreError. */
  dropShreddedPayloads: (limit: number): Promise<number> =>
    mapped(
      sql<{ dropped: string }[]>`select ingest.drop_shredded_payloads(${limit}) as dropped`.then(([row]) =>
        Number(row?.dropped ?? 0),
      ),
    ),
  /** Of these objects, those that no row refers to. Throws StoreError. */
  objectsWithoutRow: (objectKeys: readonly string[]): Promise<readonly string[]> =>
    objectKeys.length === 0
      ? Promise.resolve([])
      : mapped(
          sql<{ key: string }[]>`
            select ingest.objects_without_row(${[...objectKeys]}::text[]) as key`.then((rows) =>
            rows.map((row) => row.key),
          ),
        ),
  /** Objects whose row was removed, oldest first. Throws StoreError. */
  goneObjects: (limit: number): Promise<readonly string[]> =>
    mapped(
      sql<{ key: string }[]>`select ingest.gone_objects(${limit}) as key`.then((rows) =>
        rows.map((row) => row.key),
      ),
    ),
  forgetGoneObject: (objectKey: string): Promise<void> =>
    mapped(sql`select ingest.forget_gone_object(${objectKey})`.then(() => undefined)),
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
