import { sql } from 'drizzle-orm';
import type { Queryable } from './database.js';
import { configVersion } from './schema.js';

/** Told to every replica after a commit; only a wake-up. */
export const changedChannel = 'lethe_config_changed';

/** The version now. */
export const readVersion = async (db: Queryable): Promise<bigint> => {
  const [row] = await db.select({ version: configVersion.version }).from(configVersion);
  if (row === undefined) throw new Error('config_version has no row');
  return row.version;
};

/** Takes the lock that orders all changes, so that commit order equals version order. */
export const lockVersion = async (tx: Queryable): Promise<bigint> => {
  const [row] = await tx.select({ version: configVersion.version }).from(configVersion).for('update');
  if (row === undefined) throw new Error('config_version has no row');
  return row.version;
};

export const setVersion = async (tx: Queryable, version: bigint): Promise<void> => {
  await tx.update(configVersion).set({ version });
};

/** Wakes the policy watchers and the relays of all replicas once this transaction commits. */
export const notifyChanged = async (tx: Queryable): Promise<void> => {
  await tx.execute(sql`select pg_notify(${changedChannel}, '')`);
};
