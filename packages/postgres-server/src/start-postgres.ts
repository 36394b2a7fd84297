import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { locateBinaries } from './binaries.js';
import {
  connectionOptions,
  connectionUrl,
  type Login,
  type PostgresConnection,
} from './connection-address.js';
import { ensureCluster } from './initialize-cluster.js';
import { type Layout, layoutOf } from './layout.js';
import { LAUNCHER_SETTING, serverProcesses, stopLeftover } from './leftover.js';
import { PostgresServerError } from './postgres-server-error.js';
import { isReady } from './postmaster-file.js';
import { type Command, childEnvironment, chooseRunAs, commandFor } from './run-as.js';
import { forwardLines, withLog } from './server-log.js';
import { settingArguments } from './settings.js';
import { makeSocketFolder, removeSocketFolder } from './socket-folder.js';
import { prepareForOtherUser } from './traversal.js';
import { waitUntil } from './wait-until.js';

const START_TIMEOUT_MS = 60_000;
const FAST_STOP_MS = 1_400;
const IMMEDIATE_STOP_MS = 400;

/** How to start. The password counts only when the cluster is made; `extraSettings` cannot loosen the leak-safe ones. */
export interface StartOptions {
  /** Made on first use. Log, socket and helper files stand beside it, so its parent should hold nothing else. */
  readonly dataDir: string;
  /** 8 to 128 printable ASCII characters. */
  readonly superuserPassword: string;
  /** Also listens on 127.0.0.1:port. Absent or 0: unix socket only. */
  readonly port?: number;
  /** Receives the server's lines instead of postgres.log. */
  readonly onLog?: (line: string) => void;
  readonly extraSettings?: Readonly<Record<string, string>>;
}

/** How a server ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running server. */
export interface PostgresServer {
  readonly pid: number;
  readonly socketDir: string;
  readonly exited: Promise<Exit>;
  url(login: Login): string;
  connection(login: Login): PostgresConnection;
  /** Fast shutdown, at most 2 s (then harder); removes the socket folder. */
  stop(): Promise<void>;
  /** Kills the postmaster at once, as a crash would. */
  kill(): void;
}

/** Starts Postgres on a data folder, making the cluster on first use. Rejects with PostgresServerError. */
export async function startPostgres(options: StartOptions): Promise<PostgresServer> {
  const tcpPort = options.port === undefined || options.port === 0 ? undefined : options.port;
  if (!/^[\x21-\x7e]{8,128}$/.test(options.superuserPassword))
    throw new PostgresServerError('invalid_option');
  const layout = layoutOf(options.dataDir);
  await mkdir(layout.home, { recursive: true, mode: 0o700 });
  const runAs = await chooseRunAs(layout.dataDir);
  await stopLeftover(layout.dataDir);
  const binaries = await prepareForOtherUser(runAs, layout, locateBinaries());
  const durable = options.extraSettings?.fsync !== 'off';
  await ensureCluster({ layout, binaries, runAs, superuserPassword: options.superuserPassword, durable });
  if (tcpPort !== undefined) await refuseTakenPort(tcpPort);
  const address = { socketDir: await makeSocketFolder(layout, runAs), tcpPort };
  const command = commandFor(runAs, 'QUIT', [
    binaries.postgres,
    '-D',
    layout.dataDir,
    ...settingArguments({ address, extra: options.extraSettings ?? {} }),
    '-c',
    `${LAUNCHER_SETTING}=${process.pid}`,
  ]);
  const running = await launch(command, layout, options.onLog);
  return {
    pid: running.pid,
    socketDir: address.socketDir,
    exited: running.exited,
    url: (login) => connectionUrl(address, login),
    connection: (login) => connectionOptions(address, login),
    stop: () => running.stop(),
    kill: () => running.signal('SIGKILL'),
  };
}

function refuseTakenPort(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', () => reject(new PostgresServerError('port_taken')));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve()));
  });
}

interface Running {
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

async function launch(command: Command, layout: Layout, onLog?: (line: string) => void): Promise<Running> {
  const child = spawnServer(command, layout, onLog);
  let ended = false;
  let refused = false;
  const signal = (name: NodeJS.Signals): void => {
    if (!ended) child.kill(name);
  };
  const onOurExit = (): void => signal('SIGQUIT');
  const exited = new Promise<Exit>((resolve) => {
    const finish = (exit: Exit): void => {
      ended = true;
      process.removeListener('exit', onOurExit);
      resolve(exit);
    };
    child.once('error', () => {
      refused = child.pid === undefined;
      if (refused) finish({ code: null, signal: null });
    });
    child.once('exit', (code, name) => finish({ code, signal: name }));
  });
  process.once('exit', onOurExit);

  const pid = child.pid;
  const ready = await waitUntil(
    () => ended || (pid !== undefined && isReady(layout.dataDir, pid)),
    START_TIMEOUT_MS,
  );
  const stop = async (): Promise<void> => {
    await stopChild(() => ended, signal);
    await waitUntil(() => serverProcesses(layout.dataDir).length === 0, IMMEDIATE_STOP_MS);
    await removeSocketFolder(layout);
  };
  if (pid === undefined || ended || !ready) {
    await stop();
    throw new PostgresServerError(
      refused ? 'spawn_refused' : ended && ready ? 'start_failed' : 'start_timeout',
    );
  }
  return { pid, exited, signal, stop };
}

async function stopChild(ended: () => boolean, signal: (name: NodeJS.Signals) => void): Promise<void> {
  signal('SIGINT');
  if (await waitUntil(ended, FAST_STOP_MS)) return;
  signal('SIGQUIT');
  if (await waitUntil(ended, IMMEDIATE_STOP_MS)) return;
  signal('SIGKILL');
  await waitUntil(ended, IMMEDIATE_STOP_MS);
}
