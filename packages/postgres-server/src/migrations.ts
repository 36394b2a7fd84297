import { createHash } from 'node:crypto';
import type postgres from 'postgres';
import { PostgresServerError } from './postgres-server-error.js';

/** One step of a schema. Steps apply in the order of the list; a name is used once and for ever. */
export interface Migration {
  /** Lower-case letters, digits, `_.-`, at most 100 characters. */
  readonly name: string;
  readonly sql: string;
}

/** What to apply, and whose the objects are. */
export interface MigrationOptions {
  /** Owns what the migrations make. Created without login if missing, when the connection is a superuser's. */
  readonly owner: string;
  readonly migrations: readonly Migration[];
  /** Holds the table lethe_migrations and is first on the search path; made if missing. Default `public`. */
  readonly schema?: string;
}

/** Only one run at a time in a database: everyone takes this advisory lock first. */
const LOCK_KEY = 7_305_538_404;
const NAME = /^[a-z0-9_.-]{1,100}$/;
const ROLE_OR_SCHEMA = /^[a-z_][a-z0-9_]{0,62}$/;

/**
 * Applies what is missing, each migration in its own transaction under the owner's name, and returns the names applied.
 * Roles are made by `create role` inside a migration. Rejects with PostgresServerError: migration_failed (with the
 * SQLSTATE), migration_changed, migration_missing, migration_out_of_order, each naming the migration;
 * migrations_not_possible, invalid_option.
 */
export async function applyMigrations(
  sql: postgres.Sql,
  options: MigrationOptions,
): Promise<readonly string[]> {
  const { owner, migrations, schema = 'public' } = options;
  const names = migrations.map(({ name }) => name);
  const bounded =
    names.every((name) => NAME.test(name)) && [owner, schema].every((name) => ROLE_OR_SCHEMA.test(name));
  if (!bounded || new Set(names).size !== names.length) throw new PostgresServerError('invalid_option');
  try {
    return await applyAll(sql, { owner, migrations, schema });
  } catch (error) {
    if (error instanceof PostgresServerError) throw error;
    throw new PostgresServerError('migrations_not_possible', sqlStateOf(error), error);
  }
}

async function applyAll(sql: postgres.Sql, options: Required<MigrationOptions>): Promise<readonly string[]> {
  await sql.begin((transaction) => prepare(transaction, options.owner, options.schema));
  const applied: string[] = [];
  for (;;) {
    const name = await sql.begin((transaction) => applyNext(transaction, options));
    if (name === undefined) return applied;
    applied.push(name);
  }
}

async function isSuperuser(transaction: postgres.TransactionSql): Promise<boolean> {
  const [row] = await transaction`select rolsuper from pg_roles where rolname = current_user`;
  return row?.rolsuper === true;
}

async function prepare(transaction: postgres.TransactionSql, owner: string, schema: string): Promise<void> {
  await transaction`select pg_advisory_xact_lock(${LOCK_KEY})`;
  if (await isSuperuser(transaction)) await prepareOwner(transaction, owner, schema);
  await transaction.unsafe(`set local role ${owner}`);
  // Asked first: "if not exists" still demands the right to create.
  const [found] = await transaction`select to_regclass(${`${schema}.lethe_migrations`}) as name`;
  if (found?.name !== null) return;
  await transaction.unsafe(`create table ${schema}.lethe_migrations (
    name text primary key,
    sha256 bytea not null check (length(sha256) = 32),
    applied_at timestamptz not null default now()
  )`);
}

async function prepareOwner(
  transaction: postgres.TransactionSql,
  owner: string,
  schema: string,
): Promise<void> {
  await lockRoles(transaction);
  const roles = await transaction`select 1 from pg_roles where rolname = ${owner}`;
  if (roles.length === 0) await transaction.unsafe(`create role ${owner} nologin`);
  const schemas = await transaction`select 1 from pg_namespace where nspname = ${schema}`;
  if (schemas.length === 0) await transaction.unsafe(`create schema ${schema} authorization ${owner}`);
  await transaction.unsafe(`grant usage, create on schema ${schema} to ${owner}`);
  const [database] = await transaction`select quote_ident(current_database()) as name`;
  await transaction.unsafe(`grant create on database ${String(database?.name)} to ${owner}`);
}

/** Roles belong to the whole cluster and advisory locks to one database, so "create role if not exists" needs this lock. */
async function lockRoles(transaction: postgres.TransactionSql): Promise<void> {
  await transaction`lock table pg_catalog.pg_authid in share row exclusive mode`;
}

async function applyNext(
  transaction: postgres.TransactionSql,
  { owner, migrations, schema }: Required<MigrationOptions>,
): Promise<string | undefined> {
  await transaction`select pg_advisory_xact_lock(${LOCK_KEY})`;
  const superuser = await isSuperuser(transaction);
  await transaction.unsafe(`set local role ${owner}`);
  await transaction.unsafe(`set local search_path = ${schema}, pg_catalog`);
  const rows = await transaction`select name, encode(sha256, 'hex') as sha256 from lethe_migrations`;
  const next = nextMigration(
    migrations,
    new Map(rows.map((row): [string, string] => [String(row.name), String(row.sha256)])),
  );
  if (next === undefined) return undefined;
  try {
    // The owner may make roles while it migrates, and never after: the attribute is gone again in the same transaction.
    if (superuser) await alterOwner(transaction, owner, 'createrole');
    await transaction.unsafe(next.sql);
    if (superuser) await alterOwner(transaction, owner, 'nocreaterole');
    await transaction`insert into ${transaction(schema)}.lethe_migrations (name, sha256)
      values (${next.name}, decode(${digestOf(next)}, 'hex'))`;
  } catch (error) {
    throw new PostgresServerError('migration_failed', { migration: next.name, ...sqlStateOf(error) }, error);
  }
  return next.name;
}

async function alterOwner(
  transaction: postgres.TransactionSql,
  owner: string,
  attribute: 'createrole' | 'nocreaterole',
): Promise<void> {
  await transaction.unsafe('reset role');
  await lockRoles(transaction);
  await transaction.unsafe(`alter role ${owner} ${attribute}`);
  await transaction.unsafe(`set local role ${owner}`);
}

/** The first of the list that is not applied, after checking that what is applied is an unchanged beginning of the list. */
function nextMigration(
  migrations: readonly Migration[],
  applied: ReadonlyMap<string, string>,
): Migration | undefined {
  const known = new Set(migrations.map(({ name }) => name));
  for (const name of applied.keys()) {
    if (!known.has(name)) throw new PostgresServerError('migration_missing', { migration: name });
  }
  let next: Migration | undefined;
  for (const migration of migrations) {
    const sha256 = applied.get(migration.name);
    if (sha256 === undefined) {
      next ??= migration;
      continue;
    }
    if (next !== undefined) throw new PostgresServerError('migration_out_of_order', { migration: next.name });
    if (sha256 !== digestOf(migration))
      throw new PostgresServerError('migration_changed', { migration: migration.name });
  }
  return next;
}

function digestOf({ sql }: Migration): string {
  return createHash('sha256').update(sql, 'utf8').digest('hex');
}

function sqlStateOf(error: unknown): { sqlState?: string } {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9]{5}$/.test(code) ? { sqlState: code } : {};
}
