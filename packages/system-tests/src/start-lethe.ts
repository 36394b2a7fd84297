import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { alive, descendantsOf, killAll } from './process-tree.js';
import { eventsOutOfSchema } from './support/event-schema.js';
import { waitFor } from './wait-for.js';

/** The root of the repository that is tested. */
export const repositoryRoot = fileURLToPath(new URL('../../..', import.meta.url));
export const launcher = join(repositoryRoot, 'apps', 'cli', 'dist', 'main.js');

export interface RunOrganization {
  readonly slug: string;
  readonly zdr: boolean;
  readonly adminToken: string;
  readonly memberToken: string;
  readonly keys: Readonly<Record<string, string>>;
}

/** LETHE_HOME/run.json, as client programs read it. */
export interface RunJson {
  readonly router: string;
  readonly console: string | null;
  readonly adminConfig: string;
  readonly accounting: string;
  readonly audit: string;
  readonly auditVerifierKey: string | null;
  readonly operatorToken: string;
  readonly grpc: Readonly<Record<'adminConfig' | 'accounting' | 'audit', string>>;
  readonly organizations: readonly RunOrganization[];
  readonly processes: {
    readonly router: readonly number[];
    readonly 'admin-config': number;
    readonly accounting: number;
    readonly audit: number;
  };
}

export interface StartLetheOptions {
  /** Added to the launcher's environment: LETHE_PORT_BASE (default 0), provider variables, … */
  readonly env?: Readonly<Record<string, string>>;
  /** An existing LETHE_HOME, which stays after the end. Default: a new one, which goes with `stop`. */
  readonly home?: string;
  readonly args?: readonly string[];
  /** Runs as this user (root only). The home must be that user's. */
  readonly uid?: number;
  readonly timeoutMs?: number;
  /** The program of another checkout. Default: this one's. */
  readonly program?: string;
  /** Another Node for everything. Default: the one that runs the tests. */
  readonly node?: string;
}

export interface Stopped {
  readonly exitCode: number | null;
  readonly tookMs: number;
  /** Processes of this run that were still there after the launcher's end. Empty is right. */
  readonly left: readonly number[];
}

/** A running `lethe up`, driven from outside as a user would. */
export interface Lethe {
  /** run.json as it was when everything was ready. `readRun` tells how it is now. */
  readonly run: RunJson;
  readonly home: string;
  /** The launcher's pid: the parent of all others. */
  readonly pid: number;
  readonly startedInMs: number;
  /** What the launcher printed: `page` is its standard output, `progress` its standard error. */
  output(): { readonly page: string; readonly progress: string };
  readRun(): RunJson | undefined;
  /** Every process of this run but the launcher. */
  processes(): number[];
  /**
   * SIGTERM, as Ctrl-C would; resolves when the launcher has ended. Idempotent. Rejects, after the end, when an audit
   * event of the run was not in the schema that audit publishes.
   */
  stop(): Promise<Stopped>;
  /** kill -9 of the launcher and all its processes at once. The home stays. */
  kill(): Promise<void>;
  /** Removes the home, where `startLethe` made it. */
  removeHome(): Promise<void>;
}

export const readRunFile = (home: string): RunJson | undefined => {
  const path = join(home, 'run.json');
  // It is written by rename, so what is there is whole.
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as RunJson) : undefined;
};

export const newHome = (): Promise<string> => mkdtemp(join(tmpdir(), 'lethe-home-'));

/** Runs `lethe` with arguments against a home; nothing of the caller's Lethe variables gets in. */
export const spawnLethe = (
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  {
    uid,
    program = launcher,
    node = process.execPath,
  }: Pick<StartLetheOptions, 'uid' | 'program' | 'node'> = {},
): { child: ChildProcess; printed: { page: string; progress: string } } => {
  if (!existsSync(program)) throw new Error('apps/cli is not built: run "npx turbo run build" first');
  const child = spawn(node, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  const printed = { page: '', progress: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed.page += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    printed.progress += text;
  });
  return { child, printed };
};

/** The last lines of every log beneath a home. */
const logTails = (home: string): string => {
  const logs = join(home, 'logs');
  if (!existsSync(logs)) return '';
  return readdirSync(logs)
    .map((name) => `${name}:\n${readFileSync(join(logs, name), 'utf8').split('\n').slice(-8).join('\n')}`)
    .join('\n');
};

const misfitsMax = 20;

/** None, too, where a test has left no audit service to ask. */
const complaintsAboutEvents = async ({ audit, operatorToken }: RunJson): Promise<readonly string[]> => {
  const found = await eventsOutOfSchema({ audit, operatorToken }).catch(() => undefined);
  return found?.complaints.slice(0, misfitsMax) ?? [];
};

/** Starts the built Lethe on free ports and a fresh home, and resolves when run.json is there. Rejects with what it printed. */
export const startLethe = async (options: StartLetheOptions = {}): Promise<Lethe> => {
  const home = options.home ?? (await newHome());
  const startedAtMs = performance.now();
  const env = { LETHE_PORT_BASE: '0', ...options.env, LETHE_HOME: home };
  const { child, printed } = spawnLethe(['up', ...(options.args ?? [])], env, options);
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const pid = child.pid ?? 0;
  // A test run that is interrupted takes its Lethe along.
  const onOurExit = (): void => void child.kill('SIGKILL');
  process.once('exit', onOurExit);
  exited.then(() => process.removeListener('exit', onOurExit));

  const removeHome = async (): Promise<void> => {
    if (options.home === undefined) await rm(home, { recursive: true, force: true, maxRetries: 5 });
  };
  const ready = (): boolean => ended() || printed.page.includes('Ctrl-C');
  await waitFor(ready, options.timeoutMs ?? 120_000).catch(() => undefined);
  const startedInMs = performance.now() - startedAtMs;
  const run = ended() ? undefined : readRunFile(home);
  if (run === undefined) {
    await killAll([pid, ...descendantsOf(pid)]);
    const said = `${printed.progress}\n${printed.page}\n${logTails(home)}`;
    await removeHome();
    throw new Error(`lethe up did not get ready:\n${said}`);
  }

  let stopped: Promise<Stopped> | undefined;
  const stopOnce = async (): Promise<Stopped> => {
    const misfits = ended() ? [] : await complaintsAboutEvents(readRunFile(home) ?? run);
    const processes = descendantsOf(pid);
    const stopStartedAtMs = performance.now();
    child.kill('SIGTERM');
    const [exitCode] = await exited;
    const tookMs = performance.now() - stopStartedAtMs;
    const left = processes.filter(alive);
    await killAll(left);
    await removeHome();
    if (misfits.length > 0) throw new Error(`audit events out of their schema:\n${misfits.join('\n')}`);
    return { exitCode, tookMs, left };
  };
  return {
    run,
    home,
    pid,
    startedInMs,
    output: () => ({ ...printed }),
    readRun: () => readRunFile(home),
    processes: () => descendantsOf(pid),
    stop: () => {
      stopped ??= stopOnce();
      return stopped;
    },
    kill: async () => {
      await killAll([pid, ...descendantsOf(pid)]);
    },
    removeHome,
  };
};
