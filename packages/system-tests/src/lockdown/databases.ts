import { fileURLToPath } from 'node:url';
import { type Migration, readMigrations } from '@lethe/postgres-server';

const root = new URL('../../../../', import.meta.url);

/** A database of the product: where its schema comes from and who logs in to it while Lethe runs. */
interface Database {
  readonly schema: string;
  readonly folder: string;
  readonly roles: readonly string[];
}

/** As a start of Lethe makes them; a role that is missing here is found by the suite. */
export const databases = {
  config: { schema: 'config', folder: 'apps/admin-config/migrations/', roles: ['lethe_admin'] },
  accounting: {
    schema: 'public',
    folder: 'apps/accounting/migrations/',
    roles: ['lethe_telemetry_w', 'lethe_payload_w', 'lethe_accounting_control', 'lethe_accounting_r'],
  },
  audit: { schema: 'public', folder: 'apps/audit/migrations/', roles: ['lethe_audit_append'] },
  event_log: {
    schema: 'public',
    folder: 'packages/event-log/migrations/',
    roles: ['lethe_router_log', 'lethe_accounting_log', 'lethe_audit_log', 'lethe_ops_log'],
  },
  object_store: {
    schema: 'public',
    folder: 'packages/object-store/migrations/',
    roles: ['lethe_router_objects', 'lethe_accounting_objects'],
  },
} as const satisfies Readonly<Record<string, Database>>;

export type DatabaseName = keyof typeof databases;
export type RoleName = (typeof databases)[DatabaseName]['roles'][number];

export const databaseNames = Object.keys(databases) as DatabaseName[];

export const databaseOf = (role: RoleName): DatabaseName => {
  const name = databaseNames.find((each) => (databases[each].roles as readonly string[]).includes(role));
  if (name === undefined) throw new Error('a role of no database');
  return name;
};

/** The steps of a database in order, as they stand in the repository. */
export const migrationsOf = (name: DatabaseName): Promise<readonly Migration[]> =>
  readMigrations(fileURLToPath(new URL(databases[name].folder, root)));
