import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import postgres from 'postgres';
import { connectionOptions, connectionUrl, type Login } from './connection-address.js';
import { PostgresServerError } from './postgres-server-error.js';

const login: Login = { user: 'a user', password: 'p@ss:w/ord%?#,', database: 'lethe_config-1' };
const socketDir = "/home/o'neil @ work, 50%/ünïcode:5432/socket,:5432";

describe('the address as postgres.js reads it', () => {
  const saved = { ...process.env };
  beforeEach(() => {
    Object.assign(process.env, {
      PGHOST: 'elsewhere',
      PGPORT: '1',
      PGUSER: 'other',
      PGPASSWORD: 'x',
      PGDATABASE: 'y',
    });
  });
  afterEach(() => {
    for (const name of ['PGHOST', 'PGPORT', 'PGUSER', 'PGPASSWORD', 'PGDATABASE']) {
      if (saved[name] === undefined) delete process.env[name];
      else process.env[name] = saved[name];
    }
  });

  it.each([
    { form: 'URL', sql: () => postgres(connectionUrl({ socketDir, tcpPort: undefined }, login)) },
    {
      form: 'options',
      sql: () => postgres({ ...connectionOptions({ socketDir, tcpPort: undefined }, login) }),
    },
  ])('$form: the socket, whatever characters the folder, user and password have', ({ sql }) => {
    const { options } = sql();
    expect(options.path).toBe(join(socketDir, '.s.PGSQL.5432'));
    expect([options.user, options.pass, options.database]).toEqual([
      login.user,
      login.password,
      login.database,
    ]);
  });

  it.each([
    { form: 'URL', sql: () => postgres(connectionUrl({ socketDir, tcpPort: 5999 }, login)) },
    { form: 'options', sql: () => postgres({ ...connectionOptions({ socketDir, tcpPort: 5999 }, login) }) },
  ])('$form: loopback when a port was asked for', ({ sql }) => {
    const { options } = sql();
    expect([options.host, options.port, options.path]).toEqual([['127.0.0.1'], [5999], false]);
    expect([options.user, options.pass, options.database]).toEqual([
      login.user,
      login.password,
      login.database,
    ]);
  });

  it('refuses a database name that a URL would change', () => {
    const url = (): string => connectionUrl({ socketDir, tcpPort: undefined }, { ...login, database: 'a b' });
    expect(url).toThrow(new PostgresServerError('invalid_option'));
  });
});
