import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { decodeJson } from '../../terminal/json-codec.js';
import type { LogFile } from './log-file.js';

/** What one process is started with. No secret stands here: those are handed over. */
export interface ChildSpec {
  /** Flags of Node, then the program. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly log: LogFile;
}

export interface Child {
  readonly pid: number | undefined;
  /** Writes the launch object to its standard input, as one JSON line: a service loads its code and waits for it. */
  handOver(launch: object): void;
  /** Resolves to true once it says that it is ready, to false when it ends before, or says nothing in time. */
  readonly ready: Promise<boolean>;
  /** Resolves to the exit code or the signal's name. */
  readonly exited: Promise<string>;
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, and SIGKILL when it is still there after `withinMs`. Resolves when it is gone. */
  stop(withinMs: number): Promise<void>;
}

const readySchema = z.object({ ready: z.literal(true) });
const readyTimeoutMs = 60_000;

/**
 * Runs a program that can leave no core dump: neither by size nor, for handlers that ignore the size, by content. The
 * shell is replaced by the program, so the pid is the program's.
 */
const withoutCoreDumps = 'ulimit -c 0; { echo 0 > /proc/self/coredump_filter; } 2>/dev/null; exec "$@"';

/** Starts a service's process; its standard error goes to the log. */
export const startChild = ({ argv, env, log }: ChildSpec): Child => {
  const child = spawn('/bin/sh', ['-c', withoutCoreDumps, 'sh', process.execPath, ...argv], {
    env,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'pipe'],
    // Ctrl-C in a terminal must reach the launcher alone, so that services stop in order.
    detached: true,
  });
  let ended = false;
  const exited = new Promise<string>((resolve) => {
    child.once('error', () => resolve('not started'));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  exited.then(() => {
    ended = true;
  });
  child.stdin.on('error', () => undefined);
  child.stderr.on('data', (chunk: Buffer) => log.write(chunk));
  const signal = (name: NodeJS.Signals): void => {
    if (!ended) child.kill(name);
  };
  return {
    pid: child.pid,
    handOver: (launch) => {
      child.stdin.write(`${JSON.stringify(launch)}\n`);
    },
    ready: untilReady(child.stdout, exited),
    exited,
    signal,
    stop: async (withinMs) => {
      signal('SIGTERM');
      const kill = setTimeout(() => signal('SIGKILL'), withinMs);
      await exited;
      clearTimeout(kill);
    },
  };
};

const untilReady = async (stdout: NodeJS.ReadableStream, exited: Promise<string>): Promise<boolean> => {
  const lines = createInterface({ input: stdout });
  const abort = new AbortController();
  const timeout = setTimeout(() => abort.abort(), readyTimeoutMs);
  const said = once(lines, 'line', { signal: abort.signal }).then(
    ([line]) => decodeJson(readySchema, String(line)) !== undefined,
    () => false,
  );
  const isReady = await Promise.race([said, exited.then(() => false)]);
  clearTimeout(timeout);
  abort.abort();
  lines.close();
  // What it may still print is read and dropped: a full pipe would stop it.
  stdout.resume();
  return isReady;
};
