import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { startTestPostgres, type TestPostgres } from '@lethe/test-servers';
import postgres from 'postgres';
import { newKey } from '../contract/context.contract.js';
import { type PreparedStore, prepareDatabase, type StoreRole } from './prepare-database.contract.js';

jest.setTimeout(120_000);

let server: TestPostgres;
let store: PreparedStore;
const sessions: postgres.Sql[] = [];

const as = (role: StoreRole): postgres.Sql => {
  const login = { user: role, password: store.passwords[role], database: 'object_store' };
  const sql = postgres({ ...server.connection(login), max: 1, onnotice: () => undefined });
  sessions.push(sql);
  return sql;
};
/** The SQLSTATE that the statements end with. */
const stateOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'it did not fail',
    (error: { code?: string }) => String(error.code),
  );

beforeAll(async () => {
  server = await startTestPostgres();
  store = await prepareDatabase(server);
});
afterAll(async () => {
  await Promise.all(sessions.map((sql) => sql.end({ timeout: 1 })));
  await server?.stop();
});

describe('what the router may do in the database', () => {
  it.each([
    'select * from object_store.object',
    'select * from object_store.piece',
    "insert into object_store.object values ('a', 0, now(), '1')",
    'update object_store.object set bytes = 0',
    'delete from object_store.piece',
    'truncate object_store.object cascade',
    "select * from object_store.stat('a')",
    "select object_store.read_piece('a', 0)",
    "select * from object_store.list('', 10)",
    "select object_store.remove('a')",
    'select object_store.check_whole()',
    'alter table object_store.object disable trigger all',
    'create table object_store.mine (x int)',
    'set role lethe_owner',
    'set role lethe_accounting_objects',
    "set session_replication_role = 'replica'",
  ])('is not: %s', async (statement) => {
    expect(await stateOf(as('lethe_router_objects').unsafe(statement))).toBe('42501');
  });

  it('is to put an object whole, or not at all', async () => {
    const router = as('lethe_router_objects');
    const put = (key: string, bytes: number, pieces: readonly [number, Buffer][]): Promise<string> =>
      stateOf(
        router.begin(async (sql) => {
          await sql`select object_store.open_put(${key}, ${bytes})`;
          for (const [number, body] of pieces)
            await sql`select object_store.put_piece(${key}, ${number}, ${body})`;
        }),
      );
    const [key, mebibyte] = [newKey(), Buffer.alloc(1_048_576)];
    expect(await put(key, 2, [])).toBe('OS004');
    expect(await put(key, 2, [[0, Buffer.from('x')]])).toBe('OS004');
    expect(await put(key, 2, [[0, Buffer.from('xyz')]])).toBe('OS004');
    expect(await put(key, 2, [[1, Buffer.from('xy')]])).toBe('OS004');
    expect(
      await put(key, mebibyte.length + 1, [
        [0, Buffer.from('x')],
        [1, mebibyte],
      ]),
    ).toBe('it did not fail');
    expect(await put(key, 2, [[0, Buffer.from('xy')]])).toBe('OS003');
    expect(await put(newKey(), 1, [[64, Buffer.from('x')]])).toBe('OS002');
    expect(await put(newKey(), 67_108_865, [])).toBe('OS002');
    expect(await put('../x', 1, [])).toBe('OS001');
    // Adding to somebody's object, or to one's own of before.
    expect(await stateOf(router`select object_store.put_piece(${key}, 2, ${Buffer.from('x')})`)).toBe(
      'OS003',
    );
  });
});

describe('what accounting may do in the database', () => {
  it.each([
    'select * from object_store.piece',
    "select object_store.open_put('a', 0)",
    "select object_store.put_piece('a', 0, 'x')",
    'delete from object_store.object',
    'set role lethe_owner',
  ])('is not: %s', async (statement) => {
    expect(await stateOf(as('lethe_accounting_objects').unsafe(statement))).toBe('42501');
  });

  it('is to read, list and remove', async () => {
    const accounting = as('lethe_accounting_objects');
    const key = newKey();
    const router = as('lethe_router_objects');
    await router.begin(async (sql) => {
      await sql`select object_store.open_put(${key}, 1)`;
      await sql`select object_store.put_piece(${key}, 0, ${Buffer.from('x')})`;
    });
    expect(await accounting`select bytes from object_store.stat(${key})`).toEqual([{ bytes: 1 }]);
    await accounting`select object_store.remove(${key})`;
    expect(await accounting`select bytes from object_store.stat(${key})`).toHaveLength(0);
    const [left] = await store.sql`select count(*)::int as pieces from object_store.piece where key = ${key}`;
    expect(left).toEqual({ pieces: 0 });
  });
});
