import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { applyMigrations, type PostgresConnection, readMigrations } from '@lethe/postgres-server';
import { startTestPostgres, type TestLogin, type TestPostgres } from '@lethe/test-servers';
import postgres from 'postgres';
import { repositoryRoot } from '../../start-lethe.js';

interface Database {
  readonly name: string;
  readonly schema: string;
  readonly migrations: string;
  readonly roles: readonly string[];
}

const databases: readonly Database[] = [
  { name: 'config', schema: 'config', migrations: 'apps/admin-config', roles: ['lethe_admin'] },
  {
    name: 'accounting',
    schema: 'public',
    migrations: 'apps/accounting',
    roles: ['lethe_telemetry_w', 'lethe_payload_w', 'lethe_accounting_control', 'lethe_accounting_r'],
  },
  { name: 'audit', schema: 'public', migrations: 'apps/audit', roles: ['lethe_audit_append'] },
  {
    name: 'event_log',
    schema: 'public',
    migrations: 'packages/event-log',
    roles: ['lethe_router_log', 'lethe_accounting_log', 'lethe_audit_log'],
  },
  {
    name: 'object_store',
    schema: 'public',
    migrations: 'packages/object-store',
    roles: ['lethe_router_objects', 'lethe_accounting_objects'],
  },
];

/** Every database of the product on one real server, made by the product's own migrations. */
export interface HouseDatabases {
  readonly server: TestPostgres;
  /** What a runtime role connects with. */
  url(role: string): string;
  /** The superuser's way into one database, for programs of their own. */
  superuser(database: string): PostgresConnection;
  /** Runs something as the superuser, who sees past row-level security. */
  as<T>(database: string, use: (sql: postgres.Sql) => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

/** Starts the server and makes all databases. `port`: reachable on 127.0.0.1, too; absent: by its socket only. */
export const startHouseDatabases = async (port?: number): Promise<HouseDatabases> => {
  const server = await startTestPostgres(port === undefined ? {} : { port });
  const password = decodeURIComponent(/\/\/[^:]+:([^@]+)@/.exec(server.superuserUrl)?.[1] ?? '');
  const superuser = (database: string): PostgresConnection =>
    server.connection({ user: 'postgres', password, database });
  const as = async <T>(database: string, use: (sql: postgres.Sql) => Promise<T>): Promise<T> => {
    const sql = postgres({ ...superuser(database), max: 1, fetch_types: false, onnotice: () => undefined });
    try {
      return await use(sql);
    } finally {
      await sql.end({ timeout: 1 });
    }
  };
  const logins = new Map<string, { login: TestLogin; database: string }>();
  for (const { name, schema, migrations, roles } of databases) {
    const folder = join(repositoryRoot, migrations, 'migrations');
    if (!existsSync(folder)) continue;
    await server.sql.unsafe(`create database ${name}`);
    const steps = await readMigrations(folder);
    await as(name, (sql) => applyMigrations(sql, { owner: 'lethe_owner', schema, migrations: steps }));
    for (const role of roles) logins.set(role, { login: await server.login(role), database: name });
  }
  return {
    server,
    superuser,
    as,
    url: (role) => {
      const found = logins.get(role);
      if (found === undefined) throw new Error(`there is no role ${role}`);
      return found.login.url(found.database);
    },
    stop: () => server.stop(),
  };
};
