import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import postgres from 'postgres';
import { applyMigrations, type Migration } from './migrations.js';
import { PostgresServerError } from './postgres-server-error.js';
import { type PostgresServer, startPostgres } from './start-postgres.js';

const owner = 'shop_owner';
const schema = 'shop';
const first: Migration = {
  name: '0001-items',
  sql: `do $$ begin if not exists (select 1 from pg_roles where rolname = 'shop_clerk') then create role shop_clerk; end if; end $$;
    create table items (id int primary key, name text not null check (length(name) < 5));
    grant usage on schema shop to shop_clerk; grant insert on items to shop_clerk;`,
};
const second: Migration = { name: '0002-price', sql: 'alter table items add price bigint' };
const third: Migration = {
  name: '0003-view',
  sql: 'create view cheap as select id from items where price < 10',
};

describe('applyMigrations', () => {
  const password = 'a-password-of-the-test';
  let home: string;
  let server: PostgresServer;
  let admin: postgres.Sql;
  let databases = 0;
  const opened: postgres.Sql[] = [];

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'lethe-migrations-'));
    server = await startPostgres({
      dataDir: join(home, 'data'),
      superuserPassword: password,
      extraSettings: { fsync: 'off' },
    });
    admin = connect('postgres');
  });
  afterAll(async () => {
    await Promise.all(opened.map((sql) => sql.end({ timeout: 1 })));
    await server.stop();
    await rm(home, { recursive: true, force: true });
  });

  function connect(database: string): postgres.Sql {
    const sql = postgres({
      ...server.connection({ user: 'postgres', password, database }),
      max: 4,
      onnotice: () => {},
    });
    opened.push(sql);
    return sql;
  }

  async function freshDatabase(): Promise<postgres.Sql> {
    databases += 1;
    const name = `fresh_${databases}`;
    await admin.unsafe(`create database ${name}`);
    return connect(name);
  }

  const refusal = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => 'applied',
      (error: unknown) =>
        error instanceof PostgresServerError ? { code: error.code, ...error.fields } : error,
    );

  it('applies what is missing, once, in order, and keeps what it did', async () => {
    const sql = await freshDatabase();
    expect(await applyMigrations(sql, { owner, schema, migrations: [first, second] })).toEqual([
      first.name,
      second.name,
    ]);
    expect(await applyMigrations(sql, { owner, schema, migrations: [first, second, third] })).toEqual([
      third.name,
    ]);
    expect(await applyMigrations(sql, { owner, schema, migrations: [first, second, third] })).toEqual([]);
    const rows =
      await sql`select name, length(sha256) as bytes, applied_at <= now() as past from shop.lethe_migrations order by 1`;
    expect(rows.map((row) => ({ ...row }))).toEqual(
      [first, second, third].map(({ name }) => ({ name, bytes: 32, past: true })),
    );
  });

  it('makes everything the property of an owner who can neither log in nor make roles', async () => {
    const sql = await freshDatabase();
    await applyMigrations(sql, { owner, schema, migrations: [first, second, third] });
    const owners = await sql`select distinct pg_get_userbyid(relowner) as owner from pg_class
      where relnamespace = 'shop'::regnamespace`;
    expect(owners.map((row) => row.owner)).toEqual([owner]);
    const [role] =
      await sql`select rolcanlogin, rolcreaterole, rolsuper from pg_roles where rolname = ${owner}`;
    expect(role).toEqual({ rolcanlogin: false, rolcreaterole: false, rolsuper: false });
  });

  it('lets two runs at once apply each migration once', async () => {
    const sql = await freshDatabase();
    const migrations = [first, second, third];
    const runs = await Promise.all([1, 2, 3].map(() => applyMigrations(sql, { owner, schema, migrations })));
    expect(runs.flat().sort()).toEqual(migrations.map(({ name }) => name));
  });

  it('lets two databases make the same role at once', async () => {
    const both = await Promise.all([freshDatabase(), freshDatabase()]);
    const role = `do $$ begin if not exists (select 1 from pg_roles where rolname = 'twin') then
      perform pg_sleep(0.2); create role twin; end if; end $$`;
    const runs = both.map((sql) =>
      applyMigrations(sql, { owner: 'twin_owner', migrations: [{ name: 'twin', sql: role }] }),
    );
    expect(await Promise.all(runs)).toEqual([['twin'], ['twin']]);
  });

  it('without the runner the same statement in two databases collides', async () => {
    const [one, other] = await Promise.all([freshDatabase(), freshDatabase()]);
    const role = `do $$ begin if not exists (select 1 from pg_roles where rolname = 'rival') then
      create role rival; end if; end $$`;
    let rival: Promise<unknown> = Promise.resolve();
    await one.begin(async (transaction) => {
      await transaction.unsafe(role);
      rival = other.unsafe(role).catch((error: unknown) => error);
      for (let waiting = 0; waiting === 0; ) {
        const [row] =
          await admin`select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'`;
        waiting = Number(row?.n);
      }
    });
    expect(await rival).toMatchObject({ code: '23505' });
  });

  it('refuses a migration that changed, vanished or came too late, and names it', async () => {
    const sql = await freshDatabase();
    await applyMigrations(sql, {
      owner,
      schema,
      migrations: [first, third].map((each) => ({ ...each, sql: 'select 1' })),
    });
    const run = (migrations: readonly Migration[]) =>
      refusal(applyMigrations(sql, { owner, schema, migrations }));
    const same = (each: Migration): Migration => ({ ...each, sql: 'select 1' });
    expect(await run([same(first), third])).toEqual({ code: 'migration_changed', migration: third.name });
    expect(await run([same(first)])).toEqual({ code: 'migration_missing', migration: third.name });
    expect(await run([same(first), second, same(third)])).toEqual({
      code: 'migration_out_of_order',
      migration: second.name,
    });
    expect(await run([same(first), same(third)])).toBe('applied');
  });

  it('rolls a failing migration back, whole, and says only its name and the SQLSTATE', async () => {
    const sql = await freshDatabase();
    const canary = 'canary-in-a-row';
    const failing = {
      name: '0002-fill',
      sql: `create table more (n int); insert into items values (1, '${canary}')`,
    };
    const error = await applyMigrations(sql, { owner, schema, migrations: [first, failing] }).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(PostgresServerError);
    if (!(error instanceof PostgresServerError)) return;
    expect({ code: error.code, ...error.fields }).toEqual({
      code: 'migration_failed',
      migration: failing.name,
      sqlState: '23514',
    });
    expect(`${error.message}${error.stack}${JSON.stringify(error)}`).not.toContain(canary);
    expect(
      await sql`select to_regclass('shop.more') as more, to_regclass('shop.items')::text as items`,
    ).toEqual([{ more: null, items: 'shop.items' }]);
    expect(await sql`select rolcreaterole from pg_roles where rolname = ${owner}`).toEqual([
      { rolcreaterole: false },
    ]);
  });

  it('works for an ordinary role that may act as the owner, and is refused to one that may not', async () => {
    const sql = await freshDatabase();
    await applyMigrations(sql, { owner, schema, migrations: [first] });
    await sql`create role deployer login password 'deployer-of-the-test'`.catch(() => {});
    const [row] = await sql`select current_database() as name`;
    const login = { user: 'deployer', password: 'deployer-of-the-test', database: String(row?.name) };
    const deployer = postgres({ ...server.connection(login), max: 1 });
    opened.push(deployer);
    const run = () => refusal(applyMigrations(deployer, { owner, schema, migrations: [first, second] }));
    expect(await run()).toEqual({ code: 'migrations_not_possible', sqlState: '42501' });
    await sql.unsafe(`grant ${owner} to deployer`);
    expect(await run()).toBe('applied');
  });

  it.each([
    { what: 'a name used twice', options: { owner, migrations: [first, first] } },
    { what: 'a name with a blank', options: { owner, migrations: [{ name: 'a b', sql: '' }] } },
    { what: 'an owner that is no plain name', options: { owner: 'x; drop table y', migrations: [] } },
    { what: 'a schema that is no plain name', options: { owner, schema: 'a.b', migrations: [] } },
  ])('refuses $what', async ({ options }) => {
    expect(await refusal(applyMigrations(admin, options))).toEqual({ code: 'invalid_option' });
  });
});
