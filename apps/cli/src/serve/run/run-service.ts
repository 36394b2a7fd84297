import { constants } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import type { ServiceName } from '@lethe/contracts';
import { Problem } from '../../terminal/problem.js';
import { type Child, type ChildEnd, startChild } from '../../up/services/child.js';
import { childEnvironmentOf } from '../../up/services/child-environment.js';
import { argvOf } from '../../up/services/process-facts.js';
import { serviceCommand } from '../../up/services/service-command.js';
import { type AppLaunch, readAppLaunch } from '../launch/app-launch.js';
import type { Environment } from '../settings/read-settings.js';
import { Preflight } from './check-processes.js';
import { Renewal } from './renewal.js';
import { launcherLog } from './service-log.js';

export interface RunOptions {
  readonly app: ServiceName;
  readonly env: Environment;
  readonly launch: AppLaunch;
  /** Fires when the service is to stop. */
  readonly signal: AbortSignal;
  /** Calls back when files are to be read at once. */
  readonly onReload: (reload: () => void) => void;
}

/** A service stops by itself within 4.5 s; one that hangs is killed then. */
const stopMsMax = 5_000;
const renewalMs = 10_000;
const programMsMax = 10_000;

/** The shell that takes core dumps away has become the program. */
const untilProgram = async (pid: number): Promise<boolean> => {
  const giveUpAtMs = performance.now() + programMsMax;
  while (argvOf('/', pid)?.[0] !== process.execPath) {
    if (performance.now() > giveUpAtMs) return false;
    await pause(10);
  }
  return true;
};

/** As a shell has it: 128 and the signal's number. */
const exitCodeOf = ({ code, signal }: ChildEnd): number =>
  code ?? (signal === null ? 127 : 128 + constants.signals[signal]);

const start = ({ app, env, launch }: RunOptions): Child => {
  const command = serviceCommand(app, launch.routerWorkers);
  return startChild({
    argv: command.argv,
    env: { ...childEnvironmentOf(env), ...command.env },
    log: { write: (chunk) => process.stderr.write(chunk) },
    onOutput: (chunk) => process.stdout.write(chunk),
  });
};

const watchFiles = ({ app, env, launch, onReload }: RunOptions, child: Child): (() => void) => {
  const renewal = new Renewal({
    read: () => {
      const reading = readAppLaunch(app, env);
      return 'problems' in reading ? reading : { settings: reading.settings.launch };
    },
    launch: launch.launch,
    tell: (line) => child.handOver(line),
    log: launcherLog,
  });
  const timer = setInterval(() => renewal.check(), renewalMs);
  onReload(() => renewal.check());
  return () => clearInterval(timer);
};

/** Hands everything over once it is known that nothing is open, and waits until the service is ready. */
const handOver = async ({ app, launch, signal }: RunOptions, child: Child): Promise<void> => {
  const preflight = new Preflight({ app, launch, log: launcherLog });
  const { pid } = child;
  if (pid === undefined || !(await untilProgram(pid)))
    throw new Problem(`${app} could not be started.`, 'See what it said above.');
  preflight.ofService(pid);
  if (signal.aborted) return;
  child.handOver(launch.launch);
  const asked = new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  if ((await Promise.race([child.ready, asked])) === false)
    throw new Problem(`${app} did not get ready.`, 'What it said stands above.');
  if (!signal.aborted) preflight.ofWorkers(child.servingPids.filter((serving) => serving !== pid));
};

/**
 * Starts one service and stays with it: resolves to its exit code once it has ended, by itself or because the signal
 * fired. Rejects with Problem when it must not be started, or does not get ready; then no process of it is left.
 */
export const runService = async (options: RunOptions): Promise<number> => {
  const { app, launch, signal } = options;
  new Preflight({ app, launch, log: launcherLog }).ofLauncher();
  const child = start(options);
  const stopped = new Promise<void>((resolve) => {
    const stop = (): void => void child.stop(stopMsMax).then(resolve);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    await handOver(options, child);
  } catch (error) {
    await child.stop(signal.aborted ? stopMsMax : 0);
    throw error;
  }
  const unwatch = watchFiles(options, child);
  const end = await child.end;
  unwatch();
  if (signal.aborted) await stopped;
  else launcherLog.warn('launcher.service_ended', { code: exitCodeOf(end) });
  return exitCodeOf(end);
};
