import { type Attempt, attemptsOf, type Way } from './attempt.js';
import { type DatabaseName, databaseNames, databaseOf, databases, type RoleName } from './databases.js';

const allRoles: readonly RoleName[] = databaseNames.flatMap(
  (name): readonly RoleName[] => databases[name].roles,
);

/** A function and a table of each database that everyone would like to change. */
const targets: Readonly<
  Record<DatabaseName, { readonly table: string; readonly trigger: string | undefined }>
> = {
  config: { table: 'config.organization', trigger: 'guard_row' },
  accounting: { table: 'ingest.org_gate', trigger: 'keep_gate_monotone' },
  audit: { table: 'audit.event', trigger: 'event_is_kept' },
  event_log: { table: 'event_log.record', trigger: undefined },
  object_store: { table: 'object_store.object', trigger: undefined },
};

const becomeOther = (role: RoleName): Way[] =>
  ['lethe_owner', 'postgres', ...allRoles.filter((other) => other !== role)].map((other) => [
    `become ${other}`,
    '42501',
    `set role ${other}`,
  ]);

const ddl = (table: string, trigger: string | undefined): Way[] => [
  ...(trigger === undefined
    ? []
    : ([
        ['switch the trigger off', '42501', `alter table ${table} disable trigger ${trigger}`],
        ['make the trigger ordinary', '42501', `alter table ${table} enable trigger ${trigger}`],
        ['drop the trigger', '42501', `drop trigger ${trigger} on ${table}`],
      ] satisfies Way[])),
  ['switch all triggers off', '42501', `alter table ${table} disable trigger all`],
  ['drop the table', '42501', `drop table ${table} cascade`],
  ['empty the table', '42501', `truncate ${table} cascade`],
  ['own the table', '42501', `alter table ${table} owner to current_user`],
  ['add a column', '42501', `alter table ${table} add column content text`],
  ['add a rule', '42501', `create rule hide as on update to ${table} do instead nothing`],
  ['switch row security off', '42501', `alter table ${table} disable row level security`],
  ['not force row security', '42501', `alter table ${table} no force row level security`],
  ['add a policy', '42501', `create policy everything on ${table} using (true)`],
  ['lock everyone out', '42501', ['begin', `lock table ${table} in access exclusive mode`]],
];

const server: readonly Way[] = [
  ['the replication role', '42501', 'set session_replication_role = replica'],
  ['become the superuser', '42501', 'set session authorization postgres'],
  ['the same from a block', '42501', "do $$ begin execute 'set role lethe_owner'; end $$"],
  ['the same from set_config', '42501', "select set_config('role', 'lethe_owner', false)"],
  [
    'the same from set_config, replication',
    '42501',
    "select set_config('session_replication_role', 'replica', true)",
  ],
  ['make itself superuser', '42501', 'alter role current_user superuser'],
  ['pass by row security', '42501', 'alter role current_user bypassrls'],
  ['a role of its own', '42501', 'create role helper login'],
  ['the owner made a group of its own', '42501', 'grant lethe_owner to current_user'],
  ['read everything by a built-in role', '42501', 'grant pg_read_all_data to current_user'],
  ['what the owner has', '42501', 'drop owned by lethe_owner cascade'],
  ['take over what the owner has', '42501', 'reassign owned by lethe_owner to current_user'],
  ['a temporary table', '42501', 'create temporary table organization (id uuid)'],
  ['a temporary function', '42501', "create function pg_temp.f() returns int language sql as 'select 1'"],
  ['a temporary type', '42501', 'create domain pg_temp.text as varchar'],
  ['a function in public', '42501', "create function public.f() returns int language sql as 'select 1'"],
  ['a schema of its own', '42501', 'create schema mine'],
  ['a file of the server', '42501', "select pg_read_file('PG_VERSION')"],
  ['a binary file of the server', '42501', "select pg_read_binary_file('PG_VERSION')"],
  ['a folder of the server', '42501', "select pg_ls_dir('.')"],
  ['a file into a large object', '42501', "select lo_import('PG_VERSION')"],
  ['a large object into a file', '42501', "select lo_export(1, 'leak')", '42704'],
  ['a program', '42501', "copy (select 1) to program 'cat > /dev/null'"],
  ['a program as a source', '42501', ['create temporary table t (a text)', "copy t from program 'true'"]],
  ['a file to write', '42501', "copy (select 1) to '/dev/null'"],
  ['content in a large object', '42501', "select lo_from_bytea(0, 'content')"],
  ['an empty large object', '42501', 'select lo_create(0)'],
  ['content in the write-ahead log', '42501', "select pg_logical_emit_message(false, 'x', 'content')"],
  ['an untrusted language', '42501', 'create extension plperlu', '58P01'],
  ['another database', '42501', 'create extension dblink'],
  ['foreign tables', '42501', 'create extension postgres_fdw'],
  ['files as tables', '42501', 'create extension file_fdw'],
  ['a language', '42501', 'create language mine handler plpgsql_call_handler'],
  [
    'an event trigger',
    '42501',
    [
      'create event trigger quiet on ddl_command_start execute function pg_catalog.suppress_redundant_updates_trigger()',
    ],
    '42P17',
  ],
  ['a publication', '42501', 'create publication everything for all tables'],
  ['settings read anew', '42501', 'select pg_reload_conf()'],
  ['a setting of the server', '42501', 'alter system set fsync = off', '25001'],
  ['a setting of the database', '42501', 'alter database postgres set search_path = pg_temp'],
  [
    'defaults of the owner',
    '42501',
    'alter default privileges for role lethe_owner grant all on tables to public',
  ],
  ['settings of another role', '42501', "alter role lethe_owner set search_path = 'pg_temp'"],
  ['read passwords', '42501', 'select rolpassword from pg_authid'],
  ['two-phase', '55000', ['begin', "prepare transaction 'later'"], '55000'],
  [
    'what others run',
    'nothing',
    "select 1 from pg_stat_activity where usename = 'postgres' and query <> '<insufficient privilege>'",
  ],
  [
    'end the owner of the server',
    '42501',
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres' and pid <> pg_backend_pid() limit 1",
  ],
];

/** What every runtime role of every database tries. */
export const anyRole: readonly Attempt[] = allRoles.flatMap((role) => {
  const { table, trigger } = targets[databaseOf(role)];
  return attemptsOf(role, [...becomeOther(role), ...server, ...ddl(table, trigger)]);
});
