import type { TestPostgres } from '@lethe/test-servers';
import type postgres from 'postgres';
import { readObjectStoreMigrations } from '../migrations.js';

const roles = ['lethe_router_objects', 'lethe_accounting_objects'] as const;
export type StoreRole = (typeof roles)[number];

export interface PreparedStore {
  /** The superuser in the database `object_store`. */
  readonly sql: postgres.Sql;
  readonly passwords: Readonly<Record<StoreRole, string>>;
}

/** Makes the database `object_store` with its schema, and lets the two roles log in. */
export const prepareDatabase = async (server: TestPostgres): Promise<PreparedStore> => {
  const sql = await server.createDatabase('object_store');
  for (const migration of await readObjectStoreMigrations())
    await sql.begin((transaction) => transaction.unsafe(migration.sql));
  const [router, accounting] = await Promise.all(roles.map((role) => server.login(role)));
  return {
    sql,
    passwords: {
      lethe_router_objects: router?.password ?? '',
      lethe_accounting_objects: accounting?.password ?? '',
    },
  };
};
