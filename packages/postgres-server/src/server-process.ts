import { type ChildProcess, spawn } from 'node:child_process';
import type { Layout } from './layout.js';
import { serverProcesses } from './leftover.js';
import { PostgresServerError } from './postgres-server-error.js';
import { isReady } from './postmaster-file.js';
import { type Command, childEnvironment, wasRefused } from './run-as.js';
import { forwardLines, withLog } from './server-log.js';
import { removeSocketFolder } from './socket-folder.js';
import { waitUntil } from './wait-until.js';

/** Recovery after a crash reads at most max_wal_size, which takes seconds. */
const START_TIMEOUT_MS = 60_000;
const FAST_STOP_MS = 1_200;
const IMMEDIATE_STOP_MS = 400;
const KILL_MS = 200;

/** How a server ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The postmaster as a child of ours. */
export interface ServerProcess {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  signal(signal: NodeJS.Signals): void;
  stop(): Promise<void>;
}

function spawnServer(command: Command, layout: Layout, onLog?: (line: string) => void): ChildProcess {
  // Detached: Ctrl-C in a terminal must reach us alone, so that the services can finish before their database.
  const base = { ...command.identity, cwd: '/', env: childEnvironment, detached: true };
  if (onLog === undefined) {
    return withLog(layout.log, (log) =>
      spawn(command.file, command.args, { ...base, stdio: ['ignore', log, log] }),
    );
  }
  const child = spawn(command.file, command.args, { ...base, stdio: ['ignore', 'ignore', 'pipe'] });
  forwardLines(child.stderr, onLog);
  return child;
}

/** Starts the postmaster and waits until it takes connections. Rejects with spawn_refused, start_failed, start_timeout. */
export async function launch(
  command: Command,
  layout: Layout,
  onLog?: (line: string) => void,
): Promise<ServerProcess> {
  const child = spawnServer(command, layout, onLog);
  let end: Exit | undefined;
  const ended = (): boolean => end !== undefined;
  const signal = (name: NodeJS.Signals): void => {
    if (!ended()) child.kill(name);
  };
  const onOurExit = (): void => signal('SIGQUIT');
  const exited = new Promise<Exit>((resolve) => {
    const finish = (exit: Exit): void => {
      end = exit;
      process.removeListener('exit', onOurExit);
      resolve(exit);
    };
    child.once('error', () => {
      if (child.pid === undefined) finish({ code: null, signal: null });
    });
    child.once('exit', (code, name) => finish({ code, signal: name }));
  });
  process.once('exit', onOurExit);

  const stop = async (): Promise<void> => {
    await stopChild(ended, signal);
    await waitUntil(() => serverProcesses(layout.dataDir).length === 0, KILL_MS);
    await removeSocketFolder(layout);
  };
  const pid = child.pid ?? 0;
  const inTime = await waitUntil(() => ended() || isReady(layout.dataDir, pid), START_TIMEOUT_MS);
  if (ended() || !inTime) {
    await stop();
    throw new PostgresServerError(inTime ? failureOf(end) : 'start_timeout');
  }
  return { pid, exited, signal, stop };
}

function failureOf(end: Exit | undefined): 'spawn_refused' | 'start_failed' {
  return end !== undefined && end.signal === null && wasRefused(end.code) ? 'spawn_refused' : 'start_failed';
}

async function stopChild(ended: () => boolean, signal: (name: NodeJS.Signals) => void): Promise<void> {
  signal('SIGINT');
  if (await waitUntil(ended, FAST_STOP_MS)) return;
  signal('SIGQUIT');
  if (await waitUntil(ended, IMMEDIATE_STOP_MS)) return;
  signal('SIGKILL');
  await waitUntil(ended, KILL_MS);
}
