import { once } from 'node:events';
import { commandOf, descendantsOf, killAll } from '../process-tree.js';
import { spawnLethe } from '../start-lethe.js';
import { waitFor } from '../wait-for.js';

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** One `lethe …` as an operator runs it; resolves when it has ended, within `withinMs`. */
export const runLethe = async (
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
  withinMs = 60_000,
): Promise<Ended> => {
  const { child, printed } = spawnLethe(args, env);
  const late = setTimeout(() => child.kill('SIGKILL'), withinMs);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(late);
  return { code, out: printed.page, err: printed.progress };
};

/** A `lethe serve …` that stays. */
export interface Served {
  readonly pid: number;
  /** The service's own process. */
  servicePid(): number;
  /** What it said so far, both streams. */
  said(): string;
  /** The launcher's and the service's log lines of one event, as objects. */
  events(name: string): readonly Readonly<Record<string, unknown>>[];
  signal(name: NodeJS.Signals): void;
  /** Resolves to the exit code, and how long after this call it came. */
  ended(): Promise<{ readonly code: number | null; readonly tookMs: number }>;
  /** Ends it whatever it does; resolves when nothing of it is left. */
  kill(): Promise<void>;
}

const lineOf = (line: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
};

/** Starts a service through `lethe serve`; resolves when it says that it is ready, rejects with what it said. */
export const serve = async (service: string, env: Readonly<Record<string, string>>): Promise<Served> => {
  const { child, printed } = spawnLethe(['serve', service], env);
  const pid = child.pid ?? 0;
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  const onOurExit = (): void => void child.kill('SIGKILL');
  process.once('exit', onOurExit);
  exited.then(() => process.removeListener('exit', onOurExit));
  const kill = async (): Promise<void> => {
    await killAll([...descendantsOf(pid), pid]);
  };
  const isReady = (): boolean => printed.page.includes('"ready":true');
  await waitFor(() => isReady() || isOver(), 60_000).catch(() => undefined);
  if (!isReady()) {
    await kill();
    throw new Error(`lethe serve ${service} did not get ready:\n${printed.page}\n${printed.progress}`);
  }
  return {
    pid,
    servicePid: () => descendantsOf(pid).find((each) => commandOf(each).includes(`apps/${service}/`)) ?? 0,
    said: () => printed.page + printed.progress,
    events: (name) =>
      printed.progress
        .split('\n')
        .map(lineOf)
        .filter((line) => line !== undefined)
        .filter((line) => line.event === name),
    signal: (name) => void child.kill(name),
    ended: async () => {
      const sinceMs = performance.now();
      const [code] = await exited;
      return { code, tookMs: performance.now() - sinceMs };
    },
    kill,
  };
};
