import { fileURLToPath } from 'node:url';
import { applyMigrations, readMigrations } from '@lethe/postgres-server';
import { startTestPostgres, type TestPostgres } from '@lethe/test-servers';
import type postgres from 'postgres';

const migrationsFolder = fileURLToPath(new URL('../../migrations/', import.meta.url));

/** A migrated audit database on a real server of the test's own. */
export interface TestAuditDatabase {
  readonly server: TestPostgres;
  /** The superuser, who sees everything: for looking and for controls, never for the code under test. */
  readonly superuser: postgres.Sql;
  /** Logs in as lethe_audit_append. */
  readonly url: string;
  stop(): Promise<void>;
}

export const readAuditMigrations = () => readMigrations(migrationsFolder);

export const startAuditDatabase = async (): Promise<TestAuditDatabase> => {
  const server = await startTestPostgres();
  const superuser = await server.createDatabase('audit');
  await applyMigrations(superuser, { owner: 'lethe_owner', migrations: await readAuditMigrations() });
  const login = await server.login('lethe_audit_append');
  return { server, superuser, url: login.url('audit'), stop: () => server.stop() };
};
