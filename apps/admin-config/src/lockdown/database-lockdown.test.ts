import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import postgres from 'postgres';
import {
  enableZdr,
  makeKey,
  makeOrg,
  startWorld,
  type TestOrg,
  type World,
} from '../testing/world.contract.js';

// LAYER 4 in the database alone: plain SQL, none of our code in between.

const sqlState = async (run: PromiseLike<unknown>): Promise<string> => {
  try {
    await run;
    return 'done';
  } catch (error) {
    return error instanceof postgres.PostgresError ? error.code : 'other';
  }
};

describe('ZDR in the database', () => {
  let world: World;
  let zdr: TestOrg;
  let open: TestOrg;
  let zdrKey: string;
  let openKey: string;
  let service: postgres.Sql;

  beforeAll(async () => {
    world = await startWorld();
    zdr = await makeOrg(world, 'sealed');
    open = await makeOrg(world, 'open');
    zdrKey = (await makeKey(world, zdr.admin.token)).id;
    openKey = (await makeKey(world, open.admin.token)).id;
    expect((await enableZdr(world, zdr)).status).toBe(202);
    service = postgres(world.databaseUrl, { max: 2, onnotice: () => {} });
  });
  afterAll(async () => {
    await service.end();
    await world.close();
  });

  const commitment = async (): Promise<unknown> => {
    const [row] = await world.superuser`select zdr_enabled_at, zdr_version, zdr_event_id, default_logging,
      allow_logging_change from config.organization where id = ${zdr.id}`;
    return row;
  };

  const insertKey = (orgId: string, ownerId: string, flags: { logging: boolean; debug: boolean }) =>
    service`insert into config.api_key (id, org_id, owner_user_id, name, logging, debug, created_at)
      values (${randomUUID()}, ${orgId}, ${ownerId}, 'k', ${flags.logging}, ${flags.debug}, now())`;

  it('lets the service do on an open organization what it refuses on one with ZDR', async () => {
    expect(await sqlState(insertKey(open.id, open.admin.userId, { logging: true, debug: true }))).toBe(
      'done',
    );
    const flag = service`update config.api_key set logging = true, debug = true where id = ${openKey}`;
    expect(await sqlState(flag)).toBe('done');
    const policy = service`update config.organization set default_logging = true where id = ${open.id}`;
    expect(await sqlState(policy)).toBe('done');
  });

  const waysOfTheService: readonly [string, string, (sql: postgres.Sql) => PromiseLike<unknown>][] = [
    [
      'null',
      'ZDR01',
      (sql) => sql`update config.organization set zdr_enabled_at = null where id = ${zdr.id}`,
    ],
    [
      'all of it null',
      'ZDR01',
      (sql) => sql`update config.organization set zdr_enabled_at = null, zdr_version = null,
        zdr_keys_forced_off = null, zdr_event_id = null where id = ${zdr.id}`,
    ],
    [
      'an earlier moment',
      'ZDR01',
      (sql) => sql`update config.organization set zdr_enabled_at = '2000-01-01' where id = ${zdr.id}`,
    ],
    [
      'another version',
      'ZDR01',
      (sql) => sql`update config.organization set zdr_version = zdr_version + 1 where id = ${zdr.id}`,
    ],
    [
      'an upsert',
      'ZDR01',
      (sql) => sql`insert into config.organization (id, slug, name, user_pseudonym_key, created_at)
        values (${zdr.id}, 'x', 'x', ${randomBytes(32)}, now())
        on conflict (id) do update set zdr_enabled_at = null`,
    ],
    [
      'a merge',
      'ZDR01',
      (sql) => sql`merge into config.organization o using (select ${zdr.id}::uuid as id) s on o.id = s.id
        when matched then update set zdr_enabled_at = null`,
    ],
    [
      'an update inside a query',
      'ZDR01',
      (sql) => sql`with gone as (update config.organization set zdr_enabled_at = null returning id)
        select count(*) from gone`,
    ],
    [
      'default logging',
      '23514',
      (sql) => sql`update config.organization set default_logging = true
        where id = ${zdr.id}`,
    ],
    [
      'the permission to change logging',
      '23514',
      (sql) => sql`update config.organization set allow_logging_change = true where id = ${zdr.id}`,
    ],
    ['delete the organization', '42501', (sql) => sql`delete from config.organization where id = ${zdr.id}`],
    ['truncate', '42501', (sql) => sql`truncate config.organization cascade`],
    [
      'another id',
      '42501',
      (sql) => sql`update config.organization set id = ${randomUUID()} where id = ${zdr.id}`,
    ],
    [
      'logging on a key',
      'ZDR03',
      (sql) => sql`update config.api_key set logging = true where id = ${zdrKey}`,
    ],
    ['debug on a key', 'ZDR03', (sql) => sql`update config.api_key set debug = true where id = ${zdrKey}`],
    ['logging on all keys', 'ZDR03', (sql) => sql`update config.api_key set logging = true`],
    [
      'a new key that logs',
      'ZDR03',
      () => insertKey(zdr.id, zdr.admin.userId, { logging: true, debug: false }),
    ],
    [
      'a new key with debug',
      'ZDR03',
      () => insertKey(zdr.id, zdr.admin.userId, { logging: false, debug: true }),
    ],
    [
      'move a key out',
      '42501',
      (sql) => sql`update config.api_key set org_id = ${open.id} where id = ${zdrKey}`,
    ],
    [
      'give the secret to a key elsewhere',
      '42501',
      (sql) => sql`update config.api_key_secret set api_key_id = ${openKey} where api_key_id = ${zdrKey}`,
    ],
    [
      'free the secret for another key',
      '42501',
      (sql) => sql`delete from config.api_key_secret where api_key_id = ${zdrKey}`,
    ],
    [
      'a transit key',
      'ZDR05',
      (sql) =>
        sql`insert into config.transit_key values (${randomUUID()}, ${zdr.id}, ${randomBytes(32)}, true, 1, now())`,
    ],
    ['the replication role', '42501', (sql) => sql`set session_replication_role = replica`],
    [
      'switch a trigger off',
      '42501',
      (sql) => sql`alter table config.organization disable trigger guard_row`,
    ],
    ['drop a trigger', '42501', (sql) => sql`drop trigger guard_row on config.organization`],
    ['drop the check', '42501', (sql) => sql`alter table config.organization drop constraint zdr_locks`],
    [
      'replace the guard',
      '42501',
      (sql) => sql`create or replace function config.guard_organization() returns trigger language plpgsql
        as 'begin return new; end'`,
    ],
    ['drop the table', '42501', (sql) => sql`drop table config.organization`],
    ['become the owner', '42501', (sql) => sql`set role lethe_owner`],
    ['become the superuser', '42501', (sql) => sql`set session authorization postgres`],
    ['own the table', '42501', (sql) => sql`alter table config.organization owner to lethe_admin`],
    ['set the version back', 'ZDR06', (sql) => sql`update config.config_version set version = 1`],
    ['skip versions', 'ZDR06', (sql) => sql`update config.config_version set version = version + 2`],
    ['forget an unsent event', 'OBX01', (sql) => sql`delete from config.outbox where sent_at is null`],
  ];

  it.each(waysOfTheService)('refuses the service: %s', async (_way, expected, attempt) => {
    const before = await commitment();
    expect(await sqlState(attempt(service))).toBe(expected);
    expect(await commitment()).toEqual(before);
    const [keys] = await world.superuser`select count(*)::int as n from config.api_key
      where org_id = ${zdr.id} and (logging or debug)`;
    expect(keys?.n).toBe(0);
  });

  it('is not deceived by a temporary table that stands in for the real one', async () => {
    const reserved = await service.reserve();
    try {
      await reserved`create temporary table organization (id uuid, zdr_enabled_at timestamptz)`;
      await reserved`insert into pg_temp.organization values (${zdr.id}, null)`;
      await reserved`set search_path = pg_temp, config`;
      const attempt = reserved`update config.api_key set logging = true where id = ${zdrKey}`;
      expect(await sqlState(attempt)).toBe('ZDR03');
    } finally {
      reserved.release();
    }
  });

  const waysOfTheOwner: readonly [string, string, (sql: postgres.TransactionSql) => PromiseLike<unknown>][] =
    [
      [
        'null',
        'ZDR01',
        (sql) => sql`update config.organization set zdr_enabled_at = null where id = ${zdr.id}`,
      ],
      ['delete', 'ZDR02', (sql) => sql`delete from config.organization where id = ${zdr.id}`],
      ['truncate', 'ZDR02', (sql) => sql`truncate config.organization cascade`],
      [
        'another id',
        'ZDR02',
        (sql) => sql`update config.organization set id = ${randomUUID()} where id = ${zdr.id}`,
      ],
      ['logging', 'ZDR03', (sql) => sql`update config.api_key set logging = true where id = ${zdrKey}`],
      [
        'move a key',
        'ZDR04',
        (sql) => sql`update config.api_key set org_id = ${open.id} where id = ${zdrKey}`,
      ],
      [
        'move a secret',
        'ZDR04',
        (sql) => sql`update config.api_key_secret set api_key_id = ${openKey} where api_key_id = ${zdrKey}`,
      ],
      [
        'delete a secret',
        'ZDR04',
        (sql) => sql`delete from config.api_key_secret where api_key_id = ${zdrKey}`,
      ],
    ];

  it.each(waysOfTheOwner)('refuses even a superuser in replica mode: %s', async (_way, expected, attempt) => {
    const tried = world.superuser.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await attempt(sql);
    });
    expect(await sqlState(tried)).toBe(expected);
  });

  it('needs ENABLE ALWAYS: an ordinary trigger is silent in replica mode', async () => {
    const { superuser } = world;
    await superuser`create table public.scratch (id int, zdr_enabled_at timestamptz)`;
    await superuser`insert into public.scratch values (1, now())`;
    await superuser.unsafe(`create function public.refuse() returns trigger language plpgsql as
      $$ begin raise exception 'no' using errcode = 'ZDR01'; end $$`);
    await superuser`create trigger guard_row before update on public.scratch for each row
      execute function public.refuse()`;
    const withTrigger = (mode: 'origin' | 'replica') =>
      superuser.begin(async (sql) => {
        await sql`select set_config('session_replication_role', ${mode}, true)`;
        await sql`update public.scratch set zdr_enabled_at = null`;
      });
    expect(await sqlState(withTrigger('origin'))).toBe('ZDR01');
    expect(await sqlState(withTrigger('replica'))).toBe('done');
    await superuser`alter table public.scratch enable always trigger guard_row`;
    expect(await sqlState(withTrigger('replica'))).toBe('ZDR01');
  });

  it('has no ordinary trigger on a guarded table', async () => {
    const rows = await world.superuser`select c.relname, t.tgname, t.tgenabled from pg_trigger t
      join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'config' and not t.tgisinternal`;
    expect(rows.length).toBeGreaterThanOrEqual(10);
    expect(rows.filter(({ tgenabled }) => tgenabled !== 'A')).toEqual([]);
  });

  it('gives the service nothing to own and no other role to become', async () => {
    const owned = await world.superuser`select relname from pg_class
      where pg_get_userbyid(relowner) = 'lethe_admin' and relpersistence <> 't'`;
    const functions = await world.superuser`select proname from pg_proc
      where pg_get_userbyid(proowner) = 'lethe_admin'`;
    const memberships = await world.superuser`select 1 from pg_auth_members
      where member = 'lethe_admin'::regrole`;
    const [role] =
      await world.superuser`select rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication
      from pg_roles where rolname = 'lethe_admin'`;
    expect([owned.length, functions.length, memberships.length]).toEqual([0, 0, 0]);
    expect(new Set(Object.values(role ?? {}))).toEqual(new Set([false]));
  });

  it('cannot be committed while a key still logs or a transit key is there', async () => {
    const org = await makeOrg(world);
    const key = await makeKey(world, org.admin.token);
    const enable = () =>
      sqlState(service`update config.organization set zdr_enabled_at = now(), zdr_version = 1,
        zdr_keys_forced_off = 0, zdr_event_id = ${randomUUID()}, allow_logging_change = false where id = ${org.id}`);
    await service`update config.api_key set debug = true where id = ${key.id}`;
    expect(await enable()).toBe('ZDR03');
    await service`update config.api_key set debug = false where id = ${key.id}`;
    await service`insert into config.transit_key values (${randomUUID()}, ${org.id}, ${randomBytes(32)}, true, 1, now())`;
    expect(await enable()).toBe('ZDR05');
    await service`delete from config.transit_key where org_id = ${org.id}`;
    expect(await enable()).toBe('done');
  });

  it('waits for a key that is being switched on, and then refuses', async () => {
    const org = await makeOrg(world);
    const key = await makeKey(world, org.admin.token);
    const other = postgres(world.databaseUrl, { max: 1 });
    let letGo = (): void => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const switching = other.begin(async (sql) => {
      await sql`update config.api_key set logging = true where id = ${key.id}`;
      await held;
    });
    // Done, and its transaction open: only then does it hold what the other one has to wait for.
    const switched = async () =>
      (
        await world.superuser`select 1 from pg_stat_activity
      where state = 'idle in transaction' and query like 'update config.api_key%'`
      ).length > 0;
    while (!(await switched())) await new Promise((resolve) => setTimeout(resolve, 5));
    const enabling = sqlState(service`update config.organization set zdr_enabled_at = now(), zdr_version = 1,
      zdr_keys_forced_off = 0, zdr_event_id = ${randomUUID()}, allow_logging_change = false where id = ${org.id}`);
    const waits = async () =>
      (await world.superuser`select 1 from pg_stat_activity where wait_event_type = 'Lock'`).length > 0;
    while (!(await waits())) await new Promise((resolve) => setTimeout(resolve, 5));
    letGo();
    await switching;
    expect(await enabling).toBe('ZDR03');
    await other.end();
  });
});
