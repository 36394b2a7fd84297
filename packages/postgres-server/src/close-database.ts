import type postgres from 'postgres';
import { PostgresServerError } from './postgres-server-error.js';

/** Built-in functions with which any role could leave content where no table's rights reach: large objects, the log. */
const hidingPlaces = '^(lo_.*|lowrite|loread|pg_logical_emit_message)$';

/**
 * Takes from PUBLIC what Postgres gives it in this database: to connect, to make temporary objects (whose names would
 * be found before real ones), and to write large objects or messages into the write-ahead log. For the superuser, at
 * each start. Rejects with PostgresServerError migrations_not_possible.
 */
export const closeDatabase = async (sql: postgres.Sql): Promise<void> => {
  try {
    await sql.begin(async (transaction) => {
      const [database] = await transaction`select quote_ident(current_database()) as name`;
      await transaction.unsafe(`revoke all on database ${String(database?.name)} from public`);
      const functions = await transaction`select oid::regprocedure::text as name from pg_proc
        where pronamespace = 'pg_catalog'::regnamespace and proname ~ ${hidingPlaces} order by 1`;
      for (const { name } of functions)
        await transaction.unsafe(`revoke execute on function ${String(name)} from public`);
      await transaction.unsafe('revoke create on schema public from public');
    });
  } catch (error) {
    throw new PostgresServerError('migrations_not_possible', {}, error);
  }
};
