import type postgres from 'postgres';
import type { Cluster } from './cluster.js';
import { databaseNames } from './databases.js';

/** What of the catalogs protects: triggers, functions, constraints, rights, roles, settings, and where bytes could hide. */
const catalogs: Readonly<Record<string, string>> = {
  triggers: `select tgrelid::regclass, tgname, tgenabled, pg_get_triggerdef(oid) from pg_trigger where not tgisinternal`,
  constraints: `select conrelid::regclass, conname, convalidated, pg_get_constraintdef(oid) from pg_constraint`,
  functions: `select oid::regprocedure, proowner, prosecdef, provolatile, proconfig, proacl, prosrc from pg_proc
    where pronamespace::regnamespace::text not in ('pg_catalog', 'information_schema')`,
  relations: `select oid::regclass, relkind, relowner, relacl, relrowsecurity, relforcerowsecurity, relpersistence
    from pg_class where relnamespace::regnamespace::text !~ '^(pg_|information_schema)'`,
  policies: `select polrelid::regclass, polname, polcmd, polroles::text, pg_get_expr(polqual, polrelid),
    pg_get_expr(polwithcheck, polrelid) from pg_policy`,
  columns: `select attrelid::regclass, attname, atttypid::regtype, attnotnull, attacl, attisdropped from pg_attribute
    where attnum > 0 and attrelid in (select oid from pg_class
      where relnamespace::regnamespace::text !~ '^(pg_|information_schema)')`,
  schemas: `select nspname, nspowner, nspacl from pg_namespace where nspname !~ '^pg_(toast_)?temp_'`,
  rules: `select ev_class::regclass, rulename, pg_get_ruledef(oid) from pg_rewrite where ev_class >= 16384`,
  eventTriggers: 'select evtname, evtenabled from pg_event_trigger',
  extensions: 'select extname, extversion from pg_extension',
  languages: 'select lanname, lanacl from pg_language',
  largeObjects: 'select oid, lomowner from pg_largeobject_metadata',
  defaultRights: 'select defaclrole, defaclobjtype, defaclacl from pg_default_acl',
  publications: 'select pubname from pg_publication',
  roles: `select rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls
    from pg_roles where rolname !~ '^pg_'`,
  memberships: 'select roleid::regrole, member::regrole, admin_option from pg_auth_members',
  roleSettings: 'select setdatabase, setrole::regrole, setconfig from pg_db_role_setting',
  databases: 'select datname, datdba, datacl from pg_database',
};

const rowsOf = async (sql: postgres.Sql, query: string): Promise<string[]> => {
  const rows = await sql.unsafe(`select to_jsonb(q)::text as row from (${query}) q`);
  return rows.map(({ row }) => String(row)).sort();
};

/** Every row of every table and all that protects them, as text: the same before and after means nothing changed. */
export const stateOf = async (cluster: Cluster): Promise<ReadonlyMap<string, readonly string[]>> => {
  const state = new Map<string, readonly string[]>();
  for (const name of databaseNames) {
    const sql = cluster.superuser[name];
    const tables = await sql`select oid::regclass::text as name from pg_class
      where relkind in ('r', 'p') and relnamespace::regnamespace::text !~ '^(pg_|information_schema)' order by 1`;
    for (const table of tables)
      state.set(`${name}: ${String(table.name)}`, await rowsOf(sql, `select * from ${String(table.name)}`));
    for (const [catalog, query] of Object.entries(catalogs))
      state.set(`${name}: ${catalog}`, await rowsOf(sql, query));
  }
  return state;
};

/** Where two states differ. */
export const changedBetween = (
  before: ReadonlyMap<string, readonly string[]>,
  after: ReadonlyMap<string, readonly string[]>,
): string[] =>
  [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => JSON.stringify(before.get(name)) !== JSON.stringify(after.get(name)),
  );
