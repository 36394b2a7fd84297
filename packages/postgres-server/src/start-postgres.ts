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
import { LAUNCHER_SETTING, stopLeftover } from './leftover.js';
import { PostgresServerError } from './postgres-server-error.js';
import { chooseRunAs, commandFor } from './run-as.js';
import { type Exit, launch } from './server-process.js';
import { settingArguments } from './settings.js';
import { makeSocketFolder } from './socket-folder.js';
import { prepareForOtherUser } from './traversal.js';

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
  try {
    return await start(options, layoutOf(options.dataDir), tcpPort);
  } catch (error) {
    if (error instanceof PostgresServerError) throw error;
    throw new PostgresServerError('folder_not_usable', {}, error);
  }
}

async function start(
  options: StartOptions,
  layout: Layout,
  tcpPort: number | undefined,
): Promise<PostgresServer> {
  await mkdir(layout.home, { recursive: true, mode: 0o700 });
  const runAs = await chooseRunAs(layout.dataDir);
  await stopLeftover(layout.dataDir);
  if (tcpPort !== undefined) await refuseTakenPort(tcpPort);
  const binaries = await prepareForOtherUser(runAs, layout, locateBinaries());
  const durable = options.extraSettings?.fsync !== 'off';
  await ensureCluster({ layout, binaries, runAs, superuserPassword: options.superuserPassword, durable });
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
