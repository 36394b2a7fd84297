import type postgres from 'postgres';

export interface TableColumn {
  readonly table: string;
  readonly column: string;
  /** As Postgres names it: bytea, text, uuid, bigint, … */
  readonly type: string;
}

/** Every column of every table of the schema audit, in the order in which they were made. */
export const columnsOf = async (sql: postgres.Sql): Promise<TableColumn[]> => {
  const rows = await sql<TableColumn[]>`
    select c.relname as table, a.attname as column, format_type(a.atttypid, a.atttypmod) as type
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'audit'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
    order by c.oid, a.attnum`;
  return rows.map((row) => ({ ...row }));
};
