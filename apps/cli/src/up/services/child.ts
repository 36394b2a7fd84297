import { spawn } from 'node:child_process';
import { listenTo } from './child-lines.js';

/** What one process is started with. No secret stands here: those are handed over. */
export interface ChildSpec {
  /** Flags of Node, then the program. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Takes what it says on its standard error. */
  readonly log: { write(chunk: Buffer): void };
  /** Takes what it says on its standard output, besides what is listened to here. */
  readonly onOutput?: (chunk: Buffer) => void;
  /** The processes that serve for it have changed. */
  readonly onWorkers?: () => void;
}

/** How a process ended: with a code, by a signal, or it was never there. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number | undefined;
  /** The processes that serve: those it names as its workers, or itself. */
  readonly servingPids: readonly number[];
  /** Writes to its standard input, as one JSON line: the launch object, which a service waits for, and later what is new. */
  handOver(launch: object): void;
  /** Resolves to true once it says that it is ready, to false when it ends before, or says nothing in time. */
  readonly ready: Promise<boolean>;
  /** Resolves to the exit code or the signal's name. */
  readonly exited: Promise<string>;
  readonly end: Promise<ChildEnd>;
  /** SIGTERM, and SIGKILL when it is still there after `withinMs`. Resolves when it is gone, and all it had started. */
  stop(withinMs: number): Promise<void>;
}

const readyTimeoutMs = 60_000;
/** Workers whose parent is gone end by themselves in less; one that hangs is killed then. */
const survivorsMsMax = 5_000;

/**
 * Runs a program that can leave no core dump: neither by size nor, for handlers that ignore the size, by content. The
 * shell is replaced by the program, so the pid is the program's.
 */
const withoutCoreDumps = 'ulimit -c 0; { echo 0 > /proc/self/coredump_filter; } 2>/dev/null; exec "$@"';

/** Kills a process and all it has started: each child leads a process group of its own. */
const killGroup = (pid: number | undefined): void => {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left.
  }
};

/** Starts a service's process; its standard error goes to the log. */
export const startChild = ({ argv, env, log, onWorkers, onOutput }: ChildSpec): Child => {
  const child = spawn('/bin/sh', ['-c', withoutCoreDumps, 'sh', process.execPath, ...argv], {
    env,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
    // Ctrl-C in a terminal must reach the launcher alone, so that services stop in order.
    detached: true,
  });
  let workers: readonly number[] | undefined;
  let survivors: NodeJS.Timeout | undefined;
  const end = new Promise<ChildEnd>((resolve) => {
    child.once('error', () => resolve({ code: null, signal: null }));
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
  const exited = end.then(howItEnded);
  exited.then(() => {
    if (workers === undefined) return;
    workers = [];
    survivors = setTimeout(() => {
      survivors = undefined;
      killGroup(child.pid);
    }, survivorsMsMax).unref();
  });
  const said = new Promise<boolean>((resolve) => {
    listenTo(child.stdout, {
      onFirst: resolve,
      onWorkers: (pids) => {
        // Its last words may be read after its end.
        if (survivors !== undefined) return;
        workers = pids;
        onWorkers?.();
      },
    });
  });
  if (onOutput !== undefined) child.stdout.on('data', onOutput);
  child.stdin.on('error', () => undefined);
  child.stderr.on('data', (chunk: Buffer) => log.write(chunk));
  return {
    pid: child.pid,
    get servingPids() {
      return workers ?? (child.pid === undefined ? [] : [child.pid]);
    },
    handOver: (launch) => {
      child.stdin.write(`${JSON.stringify(launch)}\n`);
    },
    ready: untilReady(said, exited),
    exited,
    end,
    stop: async (withinMs) => {
      child.kill('SIGTERM');
      const kill = setTimeout(() => killGroup(child.pid), withinMs);
      await exited;
      clearTimeout(kill);
      // The group's number is its own as long as a survivor may be in it, and may be anybody's later.
      if (survivors !== undefined) killGroup(child.pid);
      clearTimeout(survivors);
      survivors = undefined;
    },
  };
};

const howItEnded = ({ code, signal }: ChildEnd): string => {
  if (signal !== null) return signal;
  return code === null ? 'not started' : `exit code ${code}`;
};

const untilReady = async (said: Promise<boolean>, exited: Promise<string>): Promise<boolean> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), readyTimeoutMs);
  });
  const isReady = await Promise.race([said, exited.then(() => false), late]);
  clearTimeout(timer);
  return isReady;
};
