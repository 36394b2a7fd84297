import type { TestPostgres } from '@lethe/test-servers';
import type postgres from 'postgres';
import { readEventLogMigrations } from '../migrations.js';

export type LogRole = 'lethe_router_log' | 'lethe_accounting_log' | 'lethe_audit_log' | 'lethe_ops_log';
const roles: readonly LogRole[] = [
  'lethe_router_log',
  'lethe_accounting_log',
  'lethe_audit_log',
  'lethe_ops_log',
];

export interface PreparedDatabase {
  /** The superuser in the database `event_log`. */
  readonly sql: postgres.Sql;
  readonly passwords: readonly string[];
  urlOf(role: LogRole): string;
}

/** Makes the database `event_log` with its schema, and lets the four roles log in. */
export const prepareDatabase = async (server: TestPostgres): Promise<PreparedDatabase> => {
  const sql = await server.createDatabase('event_log');
  for (const migration of await readEventLogMigrations()) {
    await sql.begin((transaction) => transaction.unsafe(migration.sql));
  }
  const logins = new Map(
    await Promise.all(roles.map(async (role) => [role, await server.login(role)] as const)),
  );
  return {
    sql,
    passwords: [...logins.values()].map(({ password }) => password),
    urlOf: (role) => {
      const login = logins.get(role);
      if (!login) throw new Error('every role may log in');
      return login.url('event_log');
    },
  };
};
