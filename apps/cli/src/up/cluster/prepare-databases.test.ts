import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Login, type PostgresServer, startPostgres } from '@lethe/postgres-server';
import postgres from 'postgres';
import { databases } from './databases.js';
import { prepareDatabases, type RoleLogins } from './prepare-databases.js';

const password = 'a-password-of-the-test';
let home: string;
let server: PostgresServer;
let logins: RoleLogins;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'lethe-cluster-'));
  server = await startPostgres({
    dataDir: join(home, 'data'),
    superuserPassword: password,
    extraSettings: { fsync: 'off' },
  });
  logins = await prepareDatabases(server.connection, password);
}, 60_000);
afterAll(async () => {
  await server.stop();
  await rm(home, { recursive: true, force: true });
});

/** 'connected', or the SQLSTATE of the refusal. */
const tryLogin = async (login: Login): Promise<string> => {
  const sql = postgres({ ...server.connection(login), max: 1, onnotice: () => undefined });
  try {
    await sql`select 1`;
    return 'connected';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  } finally {
    await sql.end({ timeout: 1 });
  }
};

describe('the databases of a start', () => {
  it('let each role into its own database and no other', async () => {
    const names = [...databases.map(({ name }) => name), 'postgres', 'template1'];
    for (const login of Object.values(logins)) {
      for (const name of names) {
        const expected = name === login.database ? 'connected' : '42501';
        expect([login.user, name, await tryLogin({ ...login, database: name })]).toEqual([
          login.user,
          name,
          expected,
        ]);
      }
    }
  });

  it('have every migration, under an owner that cannot log in', async () => {
    for (const { name, schema, migrations } of databases) {
      const sql = postgres({ ...server.connection({ user: 'postgres', password, database: name }), max: 1 });
      const rows = await sql`select name from ${sql(schema)}.lethe_migrations order by name`;
      expect(rows.map((row) => row.name)).toEqual((await migrations()).map((step) => step.name));
      const [owner] = await sql`select rolcanlogin from pg_roles where rolname = 'lethe_owner'`;
      expect(owner?.rolcanlogin).toBe(false);
      await sql.end();
    }
  });

  it('keep their rows over a second start, which gives new passwords', async () => {
    const before = logins;
    logins = await prepareDatabases(server.connection, password);
    expect(await tryLogin(before.lethe_admin)).toBe('28P01');
    expect(await tryLogin(logins.lethe_admin)).toBe('connected');
  });

  it('never see a password: not in the write-ahead log, the tables or the server log', () => {
    const written = readdirSync(home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
    for (const login of Object.values(logins))
      expect(written.some((text) => text.includes(login.password))).toBe(false);
    // The same search finds what is there.
    expect(written.some((text) => text.includes('SCRAM-SHA-256$4096:'))).toBe(true);
  });
});
