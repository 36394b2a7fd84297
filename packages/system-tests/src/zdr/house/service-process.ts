import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { routerEnvironment, routerFlags } from '@lethe/test-servers';
import { repositoryRoot } from '../../start-lethe.js';
import { waitFor } from '../../wait-for.js';

export interface ServiceOptions {
  /** The program's folder, from the root of the repository. */
  readonly program: string;
  /** What it is handed over on its pipe; made anew for each process. */
  readonly launch: () => object;
  readonly env?: Readonly<Record<string, string>>;
}

/** One built service in a process of its own, as the launcher would start it; it stays ended when it ends. */
export interface ServiceProcess {
  readonly name: string;
  pid(): number | undefined;
  /** Everything that all its processes wrote to their log. */
  log(): string;
  /** Starts it, or starts it again after its end. Resolves when it says that it is ready. */
  start(): Promise<void>;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: it stands where it is, with its connections open. */
  freeze(): void;
  thaw(): void;
  /** SIGUSR2. */
  poke(): void;
  /** SIGTERM, then kill -9; resolves when it is gone. */
  stop(): Promise<void>;
}

const logLengthMax = 8_000_000;
const readyWithinMs = 60_000;
const stopWithinMs = 8_000;

export const serviceProcess = (name: string, options: ServiceOptions): ServiceProcess => {
  const program = join(repositoryRoot, options.program, 'dist', 'main.js');
  if (!existsSync(program))
    throw new Error(`${options.program} is not built: run "npx turbo run build" first`);
  const isRouter = options.program === 'apps/router';
  let child: ChildProcess | undefined;
  let log = '';
  let said = '';
  const ended = (): boolean => child === undefined || child.exitCode !== null || child.signalCode !== null;
  const signal = (which: NodeJS.Signals): void => {
    if (!ended()) child?.kill(which);
  };
  const onOurExit = (): void => signal('SIGKILL');
  process.once('exit', onOurExit);

  const kill = async (): Promise<void> => {
    signal('SIGKILL');
    await waitFor(ended, 10_000, 5);
  };
  return {
    name,
    pid: () => (ended() ? undefined : child?.pid),
    log: () => log,
    start: async () => {
      said = '';
      const started = spawn(process.execPath, [...(isRouter ? routerFlags(repositoryRoot) : []), program], {
        stdio: 'pipe',
        cwd: '/',
        env: { PATH: process.env.PATH, ...(isRouter && routerEnvironment), ...options.env },
      });
      child = started;
      started.stdin.on('error', () => undefined);
      started.stdin.write(`${JSON.stringify(options.launch())}\n`);
      started.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      started.stderr.setEncoding('utf8').on('data', (text: string) => {
        if (log.length < logLengthMax) log += text;
      });
      await waitFor(() => said.includes('"ready":true') || ended(), readyWithinMs, 10);
      if (!said.includes('"ready":true'))
        throw new Error(`${name} did not get ready:\n${log.split('\n').slice(-12).join('\n')}`);
    },
    kill,
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    poke: () => signal('SIGUSR2'),
    stop: async () => {
      signal('SIGCONT');
      signal('SIGTERM');
      await waitFor(ended, stopWithinMs, 10).catch(kill);
      process.removeListener('exit', onOurExit);
    },
  };
};
