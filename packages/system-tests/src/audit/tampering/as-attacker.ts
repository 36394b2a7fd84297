import type postgres from 'postgres';

interface Constraint {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}
interface Trigger {
  readonly table: string;
  readonly name: string;
}

const isForeign = ({ definition }: Constraint): boolean => definition.startsWith('FOREIGN');

/**
 * Runs statements as somebody who owns the whole database server: triggers are off, and all constraints but primary keys
 * away while it lasts. Afterwards everything looks as before, and what is wrong by then stays as it is.
 */
export const asAttacker = async (
  sql: postgres.Sql,
  change: (sql: postgres.Sql) => Promise<void>,
): Promise<void> => {
  const triggers = await sql<Trigger[]>`
    select tgrelid::regclass::text as table, quote_ident(tgname) as name from pg_trigger
    where not tgisinternal and tgenabled = 'A' and tgrelid::regclass::text like 'audit.%'`;
  const constraints = await sql<Constraint[]>`
    select conrelid::regclass::text as table, quote_ident(conname) as name, pg_get_constraintdef(oid) as definition
    from pg_constraint where connamespace = 'audit'::regnamespace and contype in ('c', 'f', 'u')`;
  // Foreign keys lean on unique constraints: they go first and come back last.
  const inOrder = [...constraints].sort((a, b) => Number(isForeign(b)) - Number(isForeign(a)));
  for (const { table, name } of triggers) await sql.unsafe(`alter table ${table} disable trigger ${name}`);
  for (const { table, name } of inOrder) await sql.unsafe(`alter table ${table} drop constraint ${name}`);
  await change(sql);
  for (const { table, name, definition } of inOrder.reverse()) {
    const unchecked = definition.startsWith('UNIQUE') ? '' : ' not valid';
    await sql.unsafe(`alter table ${table} add constraint ${name} ${definition}${unchecked}`);
  }
  for (const { table, name } of triggers)
    await sql.unsafe(`alter table ${table} enable always trigger ${name}`);
};
