import { join } from 'node:path';
import { applyMigrations, readMigrations } from '@lethe/postgres-server';
import { startTestPostgres, type TestPostgres } from '@lethe/test-servers';
import postgres from 'postgres';
import { repositoryRoot } from '../../start-lethe.js';

const migrationsFolder = join(repositoryRoot, 'apps', 'audit', 'migrations');

/** A real Postgres with as many audit databases as a test wants, each made by the product's migrations. */
export interface AuditDatabases {
  readonly server: TestPostgres;
  create(name: string): Promise<void>;
  /** A copy of a database that nobody is connected to. */
  copy(from: string, to: string): Promise<void>;
  drop(name: string): Promise<void>;
  /** What the service connects with. */
  serviceUrl(name: string): string;
  /** Runs something as the superuser in one database. */
  as<T>(name: string, use: (sql: postgres.Sql) => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

export const startAuditDatabases = async (): Promise<AuditDatabases> => {
  const server = await startTestPostgres();
  const password = decodeURIComponent(/\/\/[^:]+:([^@]+)@/.exec(server.superuserUrl)?.[1] ?? '');
  const as = async <T>(database: string, use: (sql: postgres.Sql) => Promise<T>): Promise<T> => {
    const login = server.connection({ user: 'postgres', password, database });
    const sql = postgres({ ...login, max: 1, fetch_types: false, onnotice: () => undefined });
    try {
      return await use(sql);
    } finally {
      await sql.end({ timeout: 1 });
    }
  };
  const service = { password: '' };
  return {
    server,
    create: async (name) => {
      await server.sql.unsafe(`create database ${name}`);
      const migrations = await readMigrations(migrationsFolder);
      await as(name, (sql) => applyMigrations(sql, { owner: 'lethe_owner', migrations }));
      if (service.password === '') service.password = (await server.login('lethe_audit_append')).password;
    },
    copy: async (from, to) => {
      await server.sql.unsafe(`create database ${to} template ${from}`);
    },
    drop: async (name) => {
      await server.sql.unsafe(`drop database if exists ${name} with (force)`);
    },
    serviceUrl: (database) =>
      server.url({ user: 'lethe_audit_append', password: service.password, database }),
    as,
    stop: () => server.stop(),
  };
};
