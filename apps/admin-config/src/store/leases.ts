import type { LeaseRow } from '@lethe/policy-sync';
import { sql } from 'drizzle-orm';
import type { Queryable } from './database.js';
import { routerLease } from './schema.js';

const rowsMax = 4096;

/** One life of a router; `bootId` in hex. */
export interface LeaseKey {
  readonly routerId: string;
  readonly bootId: string;
}

export type GrantOutcome =
  | { readonly outcome: 'granted'; readonly version: bigint }
  | { readonly outcome: 'nonce_seen' | 'guarded' | 'too_many' };

const bootBytes = ({ bootId }: LeaseKey): Buffer => Buffer.from(bootId, 'hex');

/** the version is read under its lock in the very transaction that writes the row. */
export const grantLease = async (db: Queryable, key: LeaseKey, nonce: bigint): Promise<GrantOutcome> => {
  const [row] = await db.execute<{ outcome: string; version: string | null }>(
    sql`select outcome, version from config.grant_lease(${key.routerId}, ${bootBytes(key)}, ${nonce.toString()}::bigint)`,
  );
  if (row?.outcome === 'granted' && row.version !== null)
    return { outcome: 'granted', version: BigInt(row.version) };
  return { outcome: row?.outcome === 'nonce_seen' || row?.outcome === 'guarded' ? row.outcome : 'too_many' };
};

export const recordAck = async (db: Queryable, key: LeaseKey, version: bigint): Promise<void> => {
  await db.execute(
    sql`select config.record_ack(${key.routerId}, ${bootBytes(key)}, ${version.toString()}::bigint)`,
  );
};

export const releaseLease = async (db: Queryable, key: LeaseKey): Promise<void> => {
  await db.execute(sql`select config.release_lease(${key.routerId}, ${bootBytes(key)})`);
};

/** Deletes a lapsed row, unless it was renewed since it was looked at. */
export const forgetLease = async (db: Queryable, key: LeaseKey, renewals: bigint): Promise<void> => {
  await db.execute(
    sql`select config.forget_lease(${key.routerId}, ${bootBytes(key)}, ${renewals.toString()}::bigint)`,
  );
};

export const readLeases = async (db: Queryable): Promise<LeaseRow[]> => {
  const rows = await db.select().from(routerLease).limit(rowsMax);
  return rows.map(({ bootId, lastNonce, ...row }) => ({ ...row, bootId: bootId.toString('hex') }));
};
