import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from '@lethe/test-servers';
import { repositoryRoot } from '../../start-lethe.js';
import { waitFor } from '../../wait-for.js';

export interface ReplicaOptions {
  /** All of the launch object but its ports. */
  readonly launch: Readonly<Record<string, unknown>>;
  /** Started again by itself whenever it ends, as a launcher would. */
  readonly supervised?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** One process of the built audit service. */
export interface Replica {
  readonly rest: string;
  readonly grpc: string;
  /** What its processes wrote so far: their log. */
  log(): string;
  pid(): number | undefined;
  /** SIGKILL. A supervised replica comes back. */
  kill(): void;
  /** SIGTERM, for good; resolves when it is gone. */
  stop(): Promise<void>;
}

const logLengthMax = 4_000_000;

/** Starts a replica; resolves when it said that it is ready, or has ended without (an unsupervised one). */
export const startReplica = async (options: ReplicaOptions): Promise<Replica> => {
  const program = join(repositoryRoot, 'apps', 'audit', 'dist', 'main.js');
  if (!existsSync(program)) throw new Error('apps/audit is not built: run "npx turbo run build" first');
  const [restPort, grpcPort] = [await freePort(), await freePort()];
  const launch = `${JSON.stringify({ ...options.launch, host: '127.0.0.1', restPort, grpcPort })}\n`;
  let said = '';
  let log = '';
  let stopping = false;
  let child: ChildProcess;
  const onOurExit = (): void => void child.kill('SIGKILL');
  process.once('exit', onOurExit);

  const begin = (): void => {
    child = spawn(process.execPath, [program], {
      stdio: 'pipe',
      env: { PATH: process.env.PATH, ...options.env },
    });
    child.stdin?.on('error', () => undefined);
    child.stdin?.write(launch);
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (log.length < logLengthMax) log += text;
    });
    child.once('exit', () => {
      if (options.supervised === true && !stopping) void pause(50).then(() => stopping || begin());
    });
  };
  begin();
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null;
  await waitFor(() => said.includes('"ready":true') || (ended() && options.supervised !== true), 90_000, 20);
  return {
    rest: `http://127.0.0.1:${restPort}`,
    grpc: `127.0.0.1:${grpcPort}`,
    log: () => log,
    pid: () => (ended() ? undefined : child.pid),
    kill: () => void child.kill('SIGKILL'),
    stop: async () => {
      stopping = true;
      child.kill('SIGTERM');
      await waitFor(ended, 10_000, 10).catch(() => child.kill('SIGKILL'));
      await waitFor(ended, 5_000, 10);
      process.removeListener('exit', onOurExit);
    },
  };
};
