import postgres from 'postgres';
import { type Finding, scanBytes } from '../scan.js';
import type { Searcher } from '../searcher.js';

const UNDEFINED_FUNCTION = '42883';

/** How to connect as a superuser, who sees past row-level security. */
export interface SuperuserLogin {
  readonly host: string;
  readonly port: number;
  readonly path?: string;
  readonly user: string;
  readonly password: string;
}

export interface DatabaseScan {
  /** `database.schema.table` of every table that was read, the system's own included. */
  readonly tables: readonly string[];
  readonly bytes: number;
  /** A finding's sink is the table's name. */
  readonly findings: readonly Finding[];
}

/** Searches every row of every table of every database, each value in its binary form. Nothing is skipped but views. */
export const scanDatabases = async (searcher: Searcher, login: SuperuserLogin): Promise<DatabaseScan> => {
  const scans: DatabaseScan[] = [];
  for (const database of await databaseNames(login))
    scans.push(await scanDatabase(searcher, login, database));
  return {
    tables: scans.flatMap(({ tables }) => tables),
    bytes: scans.reduce((sum, { bytes }) => sum + bytes, 0),
    findings: scans.flatMap(({ findings }) => findings),
  };
};

const connect = (login: SuperuserLogin, database: string): postgres.Sql =>
  postgres({ ...login, database, max: 1, fetch_types: false, onnotice: () => undefined });

/** Runs something as superuser in one database. */
export const asSuperuser = async <T>(
  login: SuperuserLogin,
  database: string,
  use: (sql: postgres.Sql) => Promise<T>,
): Promise<T> => {
  const sql = connect(login, database);
  try {
    return await use(sql);
  } finally {
    await sql.end({ timeout: 1 });
  }
};

const databaseNames = (login: SuperuserLogin): Promise<string[]> =>
  asSuperuser(login, 'postgres', async (sql) => {
    const rows = await sql`select datname from pg_database where datallowconn order by datname`;
    return rows.map((row) => String(row.datname));
  });

const scanDatabase = (searcher: Searcher, login: SuperuserLogin, database: string): Promise<DatabaseScan> =>
  asSuperuser(login, database, async (sql) => {
    const relations = await sql`
      select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'm') order by 1, 2`;
    const tables: string[] = [];
    const findings: Finding[] = [];
    let total = 0;
    for (const { schema, name } of relations) {
      const bytes = await rowsOf(sql, String(schema), String(name));
      const sink = `${database}.${schema}.${name}`;
      tables.push(sink);
      total += bytes.length;
      findings.push(...scanBytes(searcher, sink, bytes));
    }
    return { tables, bytes: total, findings };
  });

/** Every row as bytes: values in their binary form; rows with a type that has none (access lists) as text. */
const rowsOf = async (sql: postgres.Sql, schema: string, name: string): Promise<Buffer> => {
  const table = sql`${sql(schema)}.${sql(name)}`;
  const read = async (rows: postgres.PendingQuery<postgres.Row[]>): Promise<Buffer[]> => {
    const found: Buffer[] = [];
    await rows.forEach(({ bytes }) => {
      if (bytes !== null) found.push(bytes as Buffer);
    });
    return found;
  };
  try {
    return Buffer.concat(await read(sql`select record_send(t) as bytes from ${table} as t`));
  } catch (error) {
    if (!(error instanceof postgres.PostgresError) || error.code !== UNDEFINED_FUNCTION) throw error;
    return Buffer.concat(await read(sql`select convert_to(t::text, 'UTF8') as bytes from ${table} as t`));
  }
};
