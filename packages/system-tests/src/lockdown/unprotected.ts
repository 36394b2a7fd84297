import type postgres from 'postgres';
import type { Cluster } from './cluster.js';
import type { DatabaseName } from './databases.js';

const ours = "c.relnamespace::regnamespace::text !~ '^(pg_|information_schema)'";

/** What else protects a database, beside triggers, checks and row security. */
const others: Readonly<Partial<Record<DatabaseName, readonly string[]>>> = {
  accounting: [
    "create or replace function payload.check_gate(p_org uuid) returns void language sql security definer as ''",
    'drop view payload.readable',
    'create view payload.readable as select * from payload.item',
  ],
};

/** For good: no trigger of ours fires, no CHECK is left, no row security, and no gate. */
export const removeProtections = async (cluster: Cluster, database: DatabaseName): Promise<void> => {
  const sql = cluster.superuser[database];
  const tables = await sql.unsafe(
    `select c.oid::regclass::text as name from pg_class c where relkind in ('r', 'p') and ${ours}`,
  );
  for (const { name } of tables)
    await sql.unsafe(`alter table ${String(name)} disable trigger user;
      alter table ${String(name)} no force row level security; alter table ${String(name)} disable row level security`);
  const checks = await sql.unsafe(`select c.oid::regclass::text as name, k.conname from pg_constraint k
    join pg_class c on c.oid = k.conrelid where k.contype = 'c' and coninhcount = 0 and ${ours}`);
  for (const { name, conname } of checks)
    await sql.unsafe(`alter table ${String(name)} drop constraint if exists "${String(conname)}" cascade`);
  const domains = await sql.unsafe(`select t.oid::regtype::text as name, k.conname from pg_constraint k
    join pg_type t on t.oid = k.contypid where k.contype = 'c'`);
  for (const { name, conname } of domains)
    await sql.unsafe(`alter domain ${String(name)} drop constraint "${String(conname)}"`);
  for (const statement of others[database] ?? []) await sql.unsafe(statement);
};

class RolledBack extends Error {}

/** Runs statements in the superuser's transaction and rolls it back. */
export const rolledBack = async (
  sql: postgres.Sql,
  run: (tx: postgres.TransactionSql) => Promise<void>,
): Promise<void> => {
  await sql
    .begin(async (tx) => {
      await run(tx);
      throw new RolledBack();
    })
    .catch((error: unknown) => {
      if (!(error instanceof RolledBack)) throw error;
    });
};
