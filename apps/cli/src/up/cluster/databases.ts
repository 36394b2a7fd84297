import { join } from 'node:path';
import { readEventLogMigrations } from '@lethe/event-log/migrations';
import { readObjectStoreMigrations } from '@lethe/object-store/migrations';
import { type Migration, readMigrations } from '@lethe/postgres-server';
import { repositoryRoot } from '../../repository.js';
import type { Database } from './prepare-cluster.js';

const migrationsOf = (app: string): Promise<readonly Migration[]> =>
  readMigrations(join(repositoryRoot, 'apps', app, 'migrations'));

export const databases = [
  {
    name: 'config',
    schema: 'config',
    roles: ['lethe_admin'],
    migrations: () => migrationsOf('admin-config'),
  },
  {
    name: 'accounting',
    schema: 'public',
    roles: ['lethe_telemetry_w', 'lethe_payload_w', 'lethe_accounting_control', 'lethe_accounting_r'],
    migrations: () => migrationsOf('accounting'),
  },
  { name: 'audit', schema: 'public', roles: ['lethe_audit_append'], migrations: () => migrationsOf('audit') },
  {
    name: 'event_log',
    schema: 'public',
    roles: ['lethe_router_log', 'lethe_accounting_log', 'lethe_audit_log'],
    migrations: readEventLogMigrations,
  },
  {
    name: 'object_store',
    schema: 'public',
    roles: ['lethe_router_objects', 'lethe_accounting_objects'],
    migrations: readObjectStoreMigrations,
  },
] as const satisfies readonly Database[];

/** The runtime roles: each belongs to one database. */
export type RoleName = (typeof databases)[number]['roles'][number];
