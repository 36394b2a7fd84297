import { fileURLToPath } from 'node:url';
import { applyMigrations, readMigrations } from '@lethe/postgres-server';
import { startTestPostgres, type TestPostgres } from '@lethe/test-servers';
import type postgres from 'postgres';

const migrationsFolder = fileURLToPath(new URL('../../migrations/', import.meta.url));
const database = 'accounting';

export const runtimeRoles = {
  telemetry: 'lethe_telemetry_w',
  payload: 'lethe_payload_w',
  control: 'lethe_accounting_control',
  read: 'lethe_accounting_r',
} as const;

/** A migrated accounting database on a real server of the test's own; `urls` log in as the runtime roles. */
export interface AccountingDatabase {
  readonly server: TestPostgres;
  /** The superuser, who sees everything: for looking, never for the code under test. */
  readonly sql: postgres.Sql;
  readonly urls: Readonly<Record<keyof typeof runtimeRoles, string>>;
  stop(): Promise<void>;
}

export const readAccountingMigrations = () => readMigrations(migrationsFolder);

export const startAccountingDatabase = async (): Promise<AccountingDatabase> => {
  const server = await startTestPostgres();
  const sql = await server.createDatabase(database);
  await applyMigrations(sql, { owner: 'lethe_owner', migrations: await readAccountingMigrations() });
  const entries = await Promise.all(
    Object.entries(runtimeRoles).map(async ([name, role]) => [
      name,
      (await server.login(role)).url(database),
    ]),
  );
  return { server, sql, urls: Object.fromEntries(entries), stop: () => server.stop() };
};
