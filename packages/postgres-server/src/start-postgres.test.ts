import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import postgres from 'postgres';
import type { PostgresConnection } from './connection-address.js';
import { PostgresServerError } from './postgres-server-error.js';
import { type PostgresServer, type StartOptions, startPostgres } from './start-postgres.js';

const superuserPassword = 'p@ss/w:rd-of-the-test';
const login = { user: 'postgres', password: superuserPassword, database: 'postgres' };
const packageFolder = fileURLToPath(new URL('..', import.meta.url));

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'started',
    (error: unknown) => (error instanceof PostgresServerError ? error.code : error),
  );

/** Ports of 127.0.0.1, 0.0.0.0 and their IPv6 kin on which a process listens. */
function listeningSockets(pid: number): number {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).map(
      (fd) => /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1],
    ),
  );
  return ['tcp', 'tcp6']
    .flatMap((kind) => readFileSync(`/proc/${pid}/net/${kind}`, 'utf8').split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === '0A' && inodes.has(inode)).length;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('startPostgres', () => {
  let home: string;
  let dataDir: string;
  let server: PostgresServer;
  const open: postgres.Sql[] = [];
  const start = (more: Partial<StartOptions> = {}): Promise<PostgresServer> =>
    startPostgres({ dataDir, superuserPassword, ...more });
  function connect(options: PostgresConnection): postgres.Sql {
    const sql = postgres({ ...options, max: 2, onnotice: () => {} });
    open.push(sql);
    return sql;
  }

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'lethe-start-'));
    dataDir = join(home, 'postgres', 'data');
    server = await start();
  });
  afterAll(async () => {
    await Promise.all(open.map((sql) => sql.end({ timeout: 1 })));
    await server.stop();
    await rm(home, { recursive: true, force: true });
  });

  it('keeps what was stored over stop and start, at the same address', async () => {
    const sql = connect(server.connection(login));
    await sql`create table kept as select 42 as n`;
    const url = server.url(login);
    await server.stop();
    expect(await server.exited).toEqual({ code: 0, signal: null });
    server = await start();
    expect(server.url(login)).toBe(url);
    expect(await sql`select n from kept`).toEqual([{ n: 42 }]);
  });

  it('stops within two seconds although a transaction is open and a statement runs', async () => {
    const sql = connect(server.connection(login));
    const idle = await sql.reserve();
    await idle`begin`;
    // Not sql.begin: postgres.js 3.4.9 throws outside of any promise when its transaction's connection ends.
    const running = sql`select pg_sleep(60)`.catch(() => 'ended');
    const watch = connect(server.connection(login));
    for (let busy = 0; busy === 0; ) {
      const [row] = await watch`select count(*)::int as n from pg_stat_activity where wait_event = 'PgSleep'`;
      busy = Number(row?.n);
    }
    const before = performance.now();
    await server.stop();
    expect(performance.now() - before).toBeLessThan(2_500);
    expect(await running).toBe('ended');
    server = await start();
  });

  it('listens on a socket in a 0700 folder and on no TCP port', () => {
    expect(statSync(server.socketDir).mode & 0o777).toBe(0o700);
    expect(existsSync(join(server.socketDir, '.s.PGSQL.5432'))).toBe(true);
    expect(listeningSockets(server.pid)).toBe(0);
  });

  it('listens on 127.0.0.1 when asked, and refuses a taken port', async () => {
    const port = await freePort();
    const dataElsewhere = join(home, 'tcp', 'data');
    const other = await start({ dataDir: dataElsewhere, port, extraSettings: { fsync: 'off' } });
    expect(listeningSockets(other.pid)).toBe(1);
    const sql = connect(other.connection(login));
    expect(await sql`select inet_server_port() as port`).toEqual([{ port }]);
    expect(
      await codeOf(start({ dataDir: join(home, 'taken', 'data'), port, extraSettings: { fsync: 'off' } })),
    ).toBe('port_taken');
    await other.stop();
  });

  it.each([
    { what: 'a wrong password', password: 'not-the-password', code: '28P01' },
    { what: 'no password', password: '', code: '28P01' },
  ])('refuses $what', async ({ password, code }) => {
    const sql = connect(server.connection({ ...login, password }));
    await expect(sql`select 1`).rejects.toMatchObject({ code });
  });

  it('hands out a URL that works in a process which may not read files', async () => {
    const script = `import postgres from 'postgres';
      const sql = postgres(process.env.DATABASE, { max: 1 });
      const [row] = await sql\`select current_user as who\`;
      let mayRead = process.permission.has('fs.read', process.env.HOME_OF_DATA);
      process.stdout.write(row.who + ' ' + mayRead);
      await sql.end();`;
    const repository = join(packageFolder, '..', '..', '*');
    const args = [
      '--experimental-permission',
      `--allow-fs-read=${repository}`,
      '--input-type=module',
      '-e',
      script,
    ];
    const child = spawn(process.execPath, args, {
      cwd: packageFolder,
      env: { DATABASE: server.url(login), HOME_OF_DATA: home, PGPORT: '1', PGHOST: 'elsewhere' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
    await once(child, 'close');
    expect(output).toBe('postgres false');
  });

  it('refuses a second start while the first lives, and leaves that one alone', async () => {
    await expect(start()).rejects.toMatchObject({ code: 'already_running', fields: { pid: server.pid } });
    expect(await connect(server.connection(login))`select 1 as one`).toEqual([{ one: 1 }]);
  });

  it('puts the socket under the temporary folder when the path is too long, and takes it away again', async () => {
    const long = join(
      home,
      'a-folder-name-of-thirty-letters',
      'another-one-that-is-just-as-long',
      'and-one-more',
    );
    const options = { dataDir: join(long, 'data'), extraSettings: { fsync: 'off' } };
    const first = await start(options);
    expect(first.socketDir.startsWith(tmpdir())).toBe(true);
    expect(statSync(first.socketDir).mode & 0o777).toBe(0o700);
    expect(await connect(first.connection(login))`select 1 as one`).toEqual([{ one: 1 }]);
    first.kill();
    await first.exited;
    expect(existsSync(first.socketDir)).toBe(true);
    const second = await start(options);
    expect(existsSync(first.socketDir)).toBe(false);
    expect(await connect(second.connection(login))`select 1 as one`).toEqual([{ one: 1 }]);
    await second.stop();
    expect(existsSync(second.socketDir)).toBe(false);
  });

  it('hands its lines to onLog instead of a file', async () => {
    const lines: string[] = [];
    const folder = join(home, 'lines');
    const other = await start({
      dataDir: join(folder, 'data'),
      extraSettings: { fsync: 'off' },
      onLog: (line) => lines.push(line),
    });
    const sql = connect(other.connection({ ...login, password: 'not-the-password' }));
    await expect(sql`select 1`).rejects.toMatchObject({ code: '28P01' });
    await other.stop();
    expect(lines.join('\n')).toContain('password authentication failed');
    expect(readFileSync(join(folder, 'postgres.log'), 'utf8')).not.toContain(
      'password authentication failed',
    );
  });

  it.each([
    { what: 'a folder with something else in it', file: 'notes', content: 'mine', code: 'data_dir_foreign' },
    {
      what: 'a cluster of another major version',
      file: 'PG_VERSION',
      content: '16\n',
      code: 'data_dir_other_major',
    },
  ])('refuses $what and leaves it as it is', async ({ file, content, code }) => {
    const folder = join(home, code);
    await mkdir(folder, { mode: 0o700 });
    await writeFile(join(folder, file), content);
    expect(await codeOf(start({ dataDir: folder }))).toBe(code);
    expect(readdirSync(folder)).toEqual([file]);
    expect(readFileSync(join(folder, file), 'utf8')).toBe(content);
  });

  it.each([
    { what: 'too short', password: 'short' },
    { what: 'of two lines', password: 'one-line\nanother-line' },
    { what: 'too long', password: 'x'.repeat(129) },
  ])('refuses a password that is $what', async ({ password }) => {
    expect(await codeOf(start({ superuserPassword: password }))).toBe('invalid_option');
  });

  it('says where to look when the server does not come up, without its words', async () => {
    const folder = join(home, 'broken');
    const options = { dataDir: join(folder, 'data'), extraSettings: { shared_buffers: 'not-a-size' } };
    expect(await codeOf(start(options))).toBe('start_failed');
    expect(readFileSync(join(folder, 'postgres.log'), 'utf8')).toContain('shared_buffers');
  });

  it('leaves no password file and no password in what it wrote beside the data', () => {
    const folder = join(home, 'postgres');
    const files = readdirSync(folder).filter((name) => statSync(join(folder, name)).isFile());
    expect(files).toEqual(['postgres.log']);
    expect(readFileSync(join(folder, 'postgres.log'), 'utf8')).not.toContain(superuserPassword);
  });
});
