import type postgres from 'postgres';
import type { HouseDatabases } from './databases.js';

const keptName = (database: string): string => `${database}_kept`;

/** Keeps everybody but the superuser out of a database while something is done to it. */
const alone = async (sql: postgres.Sql, database: string, act: () => Promise<unknown>): Promise<void> => {
  await sql.unsafe(`alter database ${database} with connection limit 0`);
  await sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${database}`;
  await act();
};

const existing = async (sql: postgres.Sql): Promise<string[]> => {
  const rows = await sql<{ name: string }[]>`
    select datname as name from pg_database where datname in ('config', 'accounting', 'audit', 'event_log', 'object_store')`;
  return rows.map(({ name }) => name);
};

const retried = async (act: () => Promise<unknown>): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await act();
      return;
    } catch (error) {
      // A backend that was told to end may still be there for a moment.
      if (attempt === 50) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
};

/** Copies databases as they are; services lose their connections and come back. Default: all there are. */
export const keepCopy = async ({ server }: HouseDatabases, names?: readonly string[]): Promise<void> => {
  const { sql } = server;
  for (const name of names ?? (await existing(sql))) {
    await alone(sql, name, () =>
      retried(() => sql.unsafe(`create database ${keptName(name)} template ${name}`)),
    );
    await sql.unsafe(`alter database ${name} with connection limit -1`);
  }
};

/** Puts the copies in their place while everything runs, as a restore would. */
export const setBack = async ({ server }: HouseDatabases, names?: readonly string[]): Promise<void> => {
  const { sql } = server;
  for (const name of names ?? (await existing(sql))) {
    await alone(sql, name, () => retried(() => sql.unsafe(`alter database ${name} rename to ${name}_lost`)));
    await sql.unsafe(`alter database ${keptName(name)} rename to ${name}`);
    await sql.unsafe(`alter database ${name} with connection limit -1`);
  }
};
