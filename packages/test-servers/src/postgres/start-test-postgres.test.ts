import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import postgres from 'postgres';
import { startTestPostgres, type TestPostgres } from './start-test-postgres.js';

describe('startTestPostgres', () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startTestPostgres();
  });
  afterAll(() => server.stop());

  it('is a Postgres 17 with UTF8 and the superuser', async () => {
    const [row] =
      await server.sql`select current_user as who, current_setting('server_version_num')::int / 10000 as major,
      current_setting('server_encoding') as encoding`;
    expect(row).toEqual({ who: 'postgres', major: 17, encoding: 'UTF8' });
  });

  it('makes databases and lets roles log in, each as itself', async () => {
    const database = await server.createDatabase('shop');
    await database`create role "clerk" nologin`;
    const clerk = await server.login('clerk');
    for (const sql of [postgres(clerk.url('shop')), postgres(clerk.connection('shop'))]) {
      const [row] = await sql`select current_user as who, current_database() as database`;
      expect(row).toEqual({ who: 'clerk', database: 'shop' });
      await sql.end();
    }
  });

  it('keeps committed rows over a restart and over a kill, at the same address', async () => {
    const database = await server.createDatabase('kept');
    await database`create table kept (n int)`;
    await database`insert into kept values (1)`;
    await server.restart();
    expect(await database`select n from kept`).toEqual([{ n: 1 }]);
    const pidBefore = server.pid;
    await server.kill();
    await server.restart();
    expect(server.pid).not.toBe(pidBefore);
    expect(await database`select count(*)::int as n from kept`).toHaveLength(1);
    const again = postgres(server.superuserUrl);
    expect(await again`select 1 as one`).toEqual([{ one: 1 }]);
    await again.end();
  });

  it('leaves nothing behind when stopped', async () => {
    const other = await startTestPostgres();
    expect(existsSync(other.dataDir)).toBe(true);
    await other.stop();
    expect(existsSync(dirname(other.dataDir))).toBe(false);
  });
});
