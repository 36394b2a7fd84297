import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Cluster, outcomeOf, startCluster } from './cluster.js';
import { databaseNames } from './databases.js';
import { ids } from './seed.js';

const ours = "!~ '^(pg_|information_schema)'";

/** What no database may have; each query names what it finds. */
const faults: Readonly<Record<string, string>> = {
  'a trigger that is not ENABLE ALWAYS': `select tgrelid::regclass || ' ' || tgname as found from pg_trigger
    where not tgisinternal and tgenabled <> 'A'`,
  'row security that the owner passes by': `select oid::regclass::text as found from pg_class
    where relrowsecurity and not relforcerowsecurity`,
  'a function that everyone may call': `select p.oid::regprocedure::text as found from pg_proc p
    where p.pronamespace::regnamespace::text ${ours} and (p.proacl is null
      or exists (select from aclexplode(p.proacl) a where a.grantee = 0 and a.privilege_type = 'EXECUTE'))`,
  'a function of the owner whose search path has no end': `select p.oid::regprocedure::text as found from pg_proc p
    where p.pronamespace::regnamespace::text ${ours} and p.prosecdef and not exists (
      select from unnest(p.proconfig) c where c ~ '^search_path=.*, ?"?pg_temp"?$')`,
  'a thing of a runtime role': `select oid::regclass::text as found from pg_class
    where pg_get_userbyid(relowner) ~ '^lethe_' and pg_get_userbyid(relowner) <> 'lethe_owner'
    union all select oid::regprocedure::text from pg_proc
    where pg_get_userbyid(proowner) ~ '^lethe_' and pg_get_userbyid(proowner) <> 'lethe_owner'`,
  'a runtime role with an attribute': `select rolname as found from pg_roles where rolname ~ '^lethe_'
    and (rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls)`,
  'a membership': `select member::regrole::text as found from pg_auth_members where member::regrole::text ~ '^lethe_' and member <> 'lethe_owner'::regrole`,
  'an owner that may log in': `select rolname as found from pg_roles where rolname = 'lethe_owner' and rolcanlogin`,
  'a table that everyone may use': `select oid::regclass::text as found from pg_class c
    where relnamespace::regnamespace::text ${ours}
      and exists (select from aclexplode(c.relacl) a where a.grantee = 0)`,
  'a right to give rights': `select oid::regclass::text as found from pg_class c
    where relnamespace::regnamespace::text ${ours} and exists (select from aclexplode(c.relacl) a
      where a.is_grantable and a.grantee <> c.relowner)`,
  'a right to truncate, to change triggers or to refer': `select oid::regclass::text as found from pg_class c
    where relnamespace::regnamespace::text ${ours} and exists (select from aclexplode(c.relacl) a
      where a.grantee <> c.relowner and a.privilege_type in ('TRUNCATE', 'TRIGGER', 'REFERENCES', 'MAINTAIN'))`,
  'a schema to create in': `select nspname::text as found from pg_namespace n where nspname ${ours} and exists (
      select from aclexplode(n.nspacl) a where a.privilege_type = 'CREATE' and a.grantee <> n.nspowner
        and a.grantee <> 'lethe_owner'::regrole)`,
  'a database for everyone': `select datname::text as found from pg_database d where datname = current_database()
    and (datacl is null or exists (select from aclexplode(datacl) a where a.grantee = 0))`,
};

/** One fault of each kind, and how it is taken away again. */
const controls: Readonly<Record<string, readonly [make: string, undo: string]>> = {
  'a trigger that is not ENABLE ALWAYS': [
    'alter table ingest.org_gate enable trigger keep_gate_monotone',
    'alter table ingest.org_gate enable always trigger keep_gate_monotone',
  ],
  'row security that the owner passes by': [
    'alter table payload.item no force row level security',
    'alter table payload.item force row level security',
  ],
  'a function that everyone may call': [
    'grant execute on function payload.check_gate(uuid) to public',
    'revoke execute on function payload.check_gate(uuid) from public',
  ],
  'a function of the owner whose search path has no end': [
    'alter function payload.check_gate(uuid) set search_path = pg_catalog',
    'alter function payload.check_gate(uuid) set search_path = pg_catalog, pg_temp',
  ],
  'a thing of a runtime role': [
    'create table public.scratch (); alter table public.scratch owner to lethe_telemetry_w',
    'drop table public.scratch',
  ],
  'a runtime role with an attribute': [
    'alter role lethe_telemetry_w bypassrls',
    'alter role lethe_telemetry_w nobypassrls',
  ],
  'a membership': [
    'grant pg_read_all_data to lethe_telemetry_w',
    'revoke pg_read_all_data from lethe_telemetry_w',
  ],
  'an owner that may log in': ['alter role lethe_owner login', 'alter role lethe_owner nologin'],
  'a table that everyone may use': [
    'grant select on payload.item to public',
    'revoke select on payload.item from public',
  ],
  'a right to give rights': [
    'grant select on payload.item to lethe_telemetry_w with grant option',
    'revoke select on payload.item from lethe_telemetry_w',
  ],
  'a right to truncate, to change triggers or to refer': [
    'grant trigger on payload.item to lethe_telemetry_w',
    'revoke trigger on payload.item from lethe_telemetry_w',
  ],
  'a schema to create in': [
    'grant create on schema payload to lethe_payload_w',
    'revoke create on schema payload from lethe_payload_w',
  ],
  'a database for everyone': [
    'grant temporary on database accounting to public',
    'revoke temporary on database accounting from public',
  ],
};

describe('the catalogs of every database', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster();
  }, 120_000);
  afterAll(() => cluster.stop());

  it.each(Object.entries(faults))('have no %s', async (kind, query) => {
    for (const name of databaseNames)
      expect([name, await cluster.superuser[name].unsafe(query)].flat()).toEqual([name]);
    // The same query finds one where there is one.
    const [make, undo] = controls[kind] ?? ['', ''];
    await cluster.superuser.accounting.unsafe(make);
    expect((await cluster.superuser.accounting.unsafe(query)).length).toBeGreaterThan(0);
    await cluster.superuser.accounting.unsafe(undo);
    expect(await cluster.superuser.accounting.unsafe(query)).toHaveLength(0);
  });

  it('end every search path in pg_temp: otherwise a type of the caller runs as the owner', async () => {
    const { accounting } = cluster.superuser;
    const control = cluster.connect('lethe_accounting_control');
    await control.unsafe(`select ingest.open_org('${ids.openOrg}')`);
    await control.end();
    // What closeDatabase takes away, given back for this test alone.
    await accounting`grant temporary on database accounting to lethe_payload_w`;
    await accounting`create table public.ran_as (name text)`;
    await accounting`grant insert on public.ran_as to public`;
    const attack = async (): Promise<readonly string[]> => {
      const session = cluster.connect('lethe_payload_w');
      await session.unsafe(`create function pg_temp.note(anyelement) returns boolean language plpgsql as
        $$ begin insert into public.ran_as values (current_user); return true; end $$`);
      await session.unsafe('create domain pg_temp.text as varchar check (pg_temp.note(value))');
      expect(await outcomeOf(session.unsafe(`select payload.check_gate('${ids.openOrg}')`))).toBe('done');
      await session.end();
      const rows = await accounting`delete from public.ran_as returning name`;
      return rows.map(({ name }) => String(name));
    };
    expect(await attack()).toEqual([]);
    await accounting`alter function payload.check_gate(uuid) set search_path = pg_catalog`;
    expect(await attack()).toEqual(['lethe_owner']);
  });
});
