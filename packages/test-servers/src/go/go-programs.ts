import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../ports/free-ports.js';

/** Why a program cannot be had on this machine, in a few words. */
export interface NoProgram {
  readonly unavailable: string;
}

export interface GoProgram {
  /** Folder of a Go module, from the repository's root, with its go.mod and go.sum. */
  readonly module: string;
  /** What to build in it: its own package, or one it requires. */
  readonly target?: string;
  readonly name: string;
  /** Further arguments of `go build`. */
  readonly flags?: readonly string[];
  /** Without the C compiler and the libraries of this machine. */
  readonly pure?: boolean;
  /** Default 9 minutes. */
  readonly buildTimeoutMs?: number;
  /** Throws in CI when it cannot be had. */
  readonly required: boolean;
}

export interface Litewitness {
  /** What `POST <url>/add-checkpoint` goes to. */
  readonly url: string;
  /** `name+hex+base64`, of type cosignature. */
  readonly verifierKey: string;
  stop(): Promise<void>;
}

const buildTimeoutMs = 540_000;
const startTimeoutMs = 60_000;
// Longer than any build may take.
const markAgeMsMax = 2_400_000;
// Where Debian puts the Go sources of golang-golang-x-mod-dev.
const debianSources = '/usr/share/gocode';

const repositoryRoot = (): string => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'turbo.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error('the repository root was not found');
    folder = parent;
  }
  return folder;
};

interface Surroundings {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
}

const runs = (
  program: string,
  args: string[],
  { cwd, env = {}, timeoutMs = buildTimeoutMs }: Surroundings,
): Promise<boolean> =>
  new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    // Not spawn's own: of a program that is not there it would go on for its whole time.
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
    const done = (isGood: boolean): void => {
      clearTimeout(timer);
      resolve(isGood);
    };
    child.on('error', () => done(false));
    child.on('exit', (code) => done(code === 0));
  });

const unavailable = ({ name, required }: GoProgram, reason: string): NoProgram => {
  if (required && process.env.CI === 'true') throw new Error(`${name} is required in CI: ${reason}`);
  process.stderr.write(
    `\n*** NO ${name.toUpperCase()} ON THIS MACHINE, its tests are skipped: ${reason} ***\n\n`,
  );
  return { unavailable: reason };
};

/** Go from the machine, else from Debian when this process may install it. */
const haveGo = async (cwd: string): Promise<boolean> => {
  if (await runs('go', ['version'], { cwd })) return true;
  if (process.getuid?.() !== 0 || !(await runs('apt-get', ['update'], { cwd }))) return false;
  const packages = ['golang-go', 'golang-golang-x-mod-dev'];
  const installed = await runs('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { cwd });
  return installed && runs('go', ['version'], { cwd });
};

/** With the sums of go.sum from the module proxy; without a proxy, from Debian's sources. */
const compile = async (cwd: string, output: string, program: GoProgram): Promise<boolean> => {
  const { target = '.', flags = [], buildTimeoutMs: timeoutMs = buildTimeoutMs } = program;
  const args = ['build', ...flags, '-o', output, target];
  const own = program.pure ? { CGO_ENABLED: '0' } : {};
  const env = { ...own, GO111MODULE: 'on', GOFLAGS: '-mod=readonly -buildvcs=false', GOWORK: 'off' };
  if (await runs('go', args, { cwd, env, timeoutMs })) return true;
  if (target !== '.' || !existsSync(debianSources)) return false;
  const ownSources = { ...own, GO111MODULE: 'off', GOFLAGS: '-buildvcs=false', GOPATH: debianSources };
  return runs('go', args, { cwd, env: ownSources, timeoutMs });
};

/** Whether the one who made this mark is alive and may still be building. */
const isHeld = (mark: string): boolean => {
  try {
    if (Date.now() - statSync(mark).mtimeMs > markAgeMsMax) return false;
    process.kill(Number(readFileSync(mark, 'utf8')), 0);
    return true;
  } catch {
    return false;
  }
};

/** One process builds, and others that want the same program wait for it: two would take twice as long. */
const waitForTurn = async (mark: string, isBuilt: () => boolean): Promise<void> => {
  while (!isBuilt()) {
    try {
      writeFileSync(mark, String(process.pid), { flag: 'wx' });
      return;
    } catch {
      if (!isHeld(mark)) rmSync(mark, { force: true });
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
};

/** Path of a program built from a Go module of this repository, once for each state of its sources. */
export const buildGoProgram = async (program: GoProgram): Promise<string | NoProgram> => {
  const { module, target = '.', name, flags = [] } = program;
  const folder = join(repositoryRoot(), module);
  const sources = createHash('sha256').update([target, ...flags].join('\n'));
  for (const file of readdirSync(folder).sort())
    sources.update(file).update(readFileSync(join(folder, file)));
  const cache = join(repositoryRoot(), '.cache', 'go');
  const built = join(cache, `${name}-${sources.digest('hex').slice(0, 16)}`);
  if (existsSync(built)) return built;
  if (!(await haveGo(folder))) return unavailable(program, 'go is not installed');
  mkdirSync(cache, { recursive: true });
  const mark = `${built}.building`;
  await waitForTurn(mark, () => existsSync(built));
  if (existsSync(built)) return built;
  const staging = mkdtempSync(join(cache, 'building-'));
  try {
    if (!(await compile(folder, join(staging, name), program)))
      return unavailable(program, 'go could not build it');
    renameSync(join(staging, name), built);
    return built;
  } finally {
    rmSync(staging, { recursive: true, force: true });
    rmSync(mark, { force: true });
  }
};

const firstLine = (child: ChildProcessWithoutNullStreams): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => reject(new Error('litewitness did not start in time')), startTimeoutMs);
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve(text.slice(0, text.indexOf('\n')));
    });
    child.on('exit', () => reject(new Error('litewitness did not start')));
    child.on('error', () => reject(new Error('litewitness could not be started')));
    void Promise.allSettled([new Promise((done) => child.stdout.once('data', done))]).then(() =>
      clearTimeout(timer),
    );
  });

const readKey = (line: string): string => /"verifierKey":"([^"\\]+)"/.exec(line)?.[1] ?? '';

/**
 * Starts litewitness (filippo.io/torchwood) on 127.0.0.1 with a fresh key, knowing one log; unavailable, loudly, where the
 * module proxy does not give it.
 */
export const startLitewitness = async (log: {
  readonly origin: string;
  readonly verifierKey: string;
}): Promise<Litewitness | NoProgram> => {
  const module = 'packages/transparency-log/interop/witness';
  const target = 'filippo.io/torchwood/cmd/litewitness';
  const program = await buildGoProgram({ module, target, name: 'litewitness', required: false });
  if (typeof program !== 'string') return program;
  const host = await buildGoProgram({ module, name: 'witness-host', required: false });
  if (typeof host !== 'string') return host;
  const folder = mkdtempSync(join(tmpdir(), 'lethe-witness-'));
  const listen = `127.0.0.1:${await freePort()}`;
  const args = ['-program', program, '-dir', folder, '-listen', listen];
  const child = spawn(host, [...args, '-origin', log.origin, '-log-key', log.verifierKey], { stdio: 'pipe' });
  child.stderr.resume();
  const stop = async (): Promise<void> => {
    const ended = child.exitCode === null ? new Promise((done) => child.once('exit', done)) : undefined;
    child.stdin.end();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    return { url: `http://${listen}`, verifierKey: readKey(await firstLine(child)), stop };
  } catch (error) {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
};
