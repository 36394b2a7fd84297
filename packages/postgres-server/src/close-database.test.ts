import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import postgres from 'postgres';
import { closeDatabase, type PostgresServer, startPostgres } from './index.js';

const password = 'a-password-of-the-test';
const hiding = [
  "select lo_from_bytea(0, 'content')",
  'select lo_create(0)',
  'create temporary table t (a int)',
  "select pg_logical_emit_message(false, 'x', 'content')",
];

describe('a closed database', () => {
  let home: string;
  let server: PostgresServer;
  let superuser: postgres.Sql;
  let guest: postgres.Sql;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'lethe-close-'));
    server = await startPostgres({
      dataDir: join(home, 'data'),
      superuserPassword: password,
      extraSettings: { fsync: 'off' },
    });
    superuser = postgres({
      ...server.connection({ user: 'postgres', password, database: 'postgres' }),
      max: 1,
      onnotice: () => undefined,
    });
    await superuser.unsafe(`create role guest login password '${password}'`);
    await superuser`grant connect on database postgres to guest`;
    guest = postgres({
      ...server.connection({ user: 'guest', password, database: 'postgres' }),
      max: 1,
      onnotice: () => undefined,
    });
  }, 60_000);
  afterAll(async () => {
    await Promise.all([superuser, guest].map((sql) => sql.end({ timeout: 1 })));
    await server.stop();
    await rm(home, { recursive: true, force: true });
  });

  const outcome = (statement: string): Promise<string> =>
    guest.unsafe(statement).then(
      () => 'done',
      (error: { code: string }) => error.code,
    );

  it('leaves no place where a role without rights could leave content; before, there were four', async () => {
    for (const statement of hiding)
      expect([statement, await outcome(statement)]).toEqual([statement, 'done']);
    await superuser`drop table if exists pg_temp.t`;
    await closeDatabase(superuser);
    await closeDatabase(superuser);
    for (const statement of hiding.map((each) => each.replace('table t', 'table u')))
      expect([statement, await outcome(statement)]).toEqual([statement, '42501']);
    expect(await outcome('select 1')).toBe('done');
  });

  it('cannot be closed by anyone else', async () => {
    await expect(closeDatabase(guest)).rejects.toMatchObject({ code: 'migrations_not_possible' });
  });
});
