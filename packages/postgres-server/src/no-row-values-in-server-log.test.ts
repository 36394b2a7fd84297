import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import postgres from 'postgres';
import { type PostgresServer, startPostgres } from './start-postgres.js';

const login = { user: 'postgres', password: 'a-password-of-the-test', database: 'postgres' };
/** What a careless operator or an old configuration might ask for. */
const careless = {
  log_statement: 'all',
  log_min_messages: 'debug1',
  log_min_error_statement: 'error',
  log_error_verbosity: 'verbose',
  log_min_duration_statement: '0',
  log_parameter_max_length: '-1',
  log_parameter_max_length_on_error: '-1',
  fsync: 'off',
};

const carelessSession = {
  log_min_messages: 'error',
  log_min_error_statement: 'error',
  log_error_verbosity: 'default',
  log_parameter_max_length_on_error: '-1',
};

describe('no row values in the server log', () => {
  let home: string;
  let server: PostgresServer;
  let sql: postgres.Sql;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'lethe-log-'));
    server = await startPostgres({
      dataDir: join(home, 'data'),
      superuserPassword: login.password,
      extraSettings: careless,
    });
    sql = postgres({ ...server.connection(login), max: 1, onnotice: () => {} });
    await sql`create table guarded (id int unique, word text check (length(word) < 3), doc jsonb)`;
    await sql`insert into guarded values (1)`;
  });
  afterAll(async () => {
    await sql.end({ timeout: 1 });
    await server.stop();
    await rm(home, { recursive: true, force: true });
  });

  /** Everything written beside the tables themselves. */
  function written(): string {
    return readdirSync(home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/\/data\/(base|global|pg_wal)\b/.test(`${entry.parentPath}/`))
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
      .join('\n');
  }

  const failing = (sql: postgres.Sql, canary: string): Readonly<Record<string, () => Promise<unknown>>> => ({
    'a check that fails': () => sql`insert into guarded (word) values (${canary})`,
    'a cast that fails': () => sql`select ${canary}::text::int`,
    'jsonb that does not parse': () => sql`select ${`{"${canary}"`}::text::jsonb`,
    'a duplicate key': () => sql`insert into guarded (id, doc) values (1, ${sql.json({ canary })})`,
    'text inside the statement': () => sql.unsafe(`select '${canary}' from nowhere`),
    'an exception raised with text': () => sql.unsafe(`do $$ begin raise exception '${canary}'; end $$`),
    'a password in a statement': () => sql.unsafe(`alter role nobody_here password '${canary}'`),
  });

  const cases = Object.keys(failing(postgres(), ''));

  it.each(cases)('%s leaves nothing', async (name) => {
    const canary = `canary-${name.replaceAll(' ', '-')}`;
    await expect(failing(sql, canary)[name]?.()).rejects.toMatchObject({ severity: 'ERROR' });
    await sql`select ${canary}::text as statement_that_succeeds`;
    expect(written()).not.toContain(canary);
  });

  it.each(cases)('%s would be found if a session loosened its settings (control)', async (name) => {
    const canary = `control-${name.replaceAll(' ', '-')}`;
    const loosened = postgres({ ...server.connection(login), max: 1, connection: carelessSession });
    await expect(failing(loosened, canary)[name]?.()).rejects.toMatchObject({ severity: 'ERROR' });
    await loosened.end();
    expect(written()).toContain(canary);
  });
});
