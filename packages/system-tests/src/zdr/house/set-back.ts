import type postgres from 'postgres';
import type { HouseDatabases } from './databases.js';

const keptName = (database: string): string => `${database}_kept`;

/** Keeps everybody but the superuser out of a database while something is done to it. */
const alone = async (sql: postgres.Sql, database: string, act: () => Promise<unknown>): Promise<void> => {
  await sql.unsafe(`alter database ${database} with connection limit 0`);
  for (let attempt = 1; ; attempt += 1) {
    // Again each time: a session that was just beginning passed the limit unseen, and would stay.
    await sql`select pg_terminate_backend(pid, 1000) from pg_stat_activity where datname = ${database}`;
    try {
      await act();
      return;
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
};

const existing = async (sql: postgres.Sql): Promise<string[]> => {
  const rows = await sql<{ name: string }[]>`
    select datname as name from pg_database where datname in ('config', 'accounting', 'audit', 'event_log', 'object_store')`;
  return rows.map(({ name }) => name);
};

/** Copies databases as they are; services lose their connections and come back. Default: all there are. */
export const keepCopy = async ({ server }: HouseDatabases, names?: readonly string[]): Promise<void> => {
  const { sql } = server;
  for (const name of names ?? (await existing(sql))) {
    await alone(sql, name, () => sql.unsafe(`create database ${keptName(name)} template ${name}`));
    await sql.unsafe(`alter database ${name} with connection limit -1`);
  }
};

/** Puts the copies in their place while everything runs, as a restore would. */
export const setBack = async ({ server }: HouseDatabases, names?: readonly string[]): Promise<void> => {
  const { sql } = server;
  for (const name of names ?? (await existing(sql))) {
    await alone(sql, name, () => sql.unsafe(`alter database ${name} rename to ${name}_lost`));
    await sql.unsafe(`alter database ${keptName(name)} rename to ${name}`);
    await sql.unsafe(`alter database ${name} with connection limit -1`);
  }
};
