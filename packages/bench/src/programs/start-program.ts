import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { Problem } from '../problem.js';

export interface Program {
  readonly name: string;
  readonly pid: number;
  readonly ended: Promise<void>;
  /** The line that said it was ready; empty when a port did. */
  readonly readyLine: string;
  stop(): Promise<void>;
}

interface ProgramOptions {
  readonly name: string;
  readonly core: number;
  readonly file: string;
  readonly args: readonly string[];
  /** Written to its standard input, which stays open. */
  readonly input?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** It is ready when it prints a line that holds this text, or when this port takes connections. */
  readonly readyWhen: { readonly line: string } | { readonly port: number };
  readonly readyMsMax?: number;
}

const path = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
const stopMsMax = 5000;
const pollMs = 50;

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

const untilPort = async (port: number, deadline: AbortSignal): Promise<string | undefined> => {
  while (!deadline.aborted) {
    if (await accepts(port)) return '';
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return undefined;
};

const untilLine = async (
  stdout: NodeJS.ReadableStream,
  text: string,
  deadline: AbortSignal,
): Promise<string | undefined> => {
  const lines = createInterface({ input: stdout });
  try {
    for (;;) {
      const [line] = (await once(lines, 'line', { signal: deadline })) as [string];
      if (line.includes(text)) return line;
    }
  } catch {
    return undefined;
  } finally {
    lines.removeAllListeners('line');
    stdout.resume();
  }
};

/**
 * Starts a program on one core and resolves when it is ready. It ends with this process, whatever ends that. Rejects
 * with Problem when it does not get ready.
 */
export const startProgram = async (options: ProgramOptions): Promise<Program> => {
  const { name, core, file, args, readyWhen } = options;
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'taskset', '-c', String(core), file, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...(options.env ?? process.env), PATH: path },
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
  });
  child.stdin.on('error', () => undefined);
  if (options.input !== undefined) child.stdin.write(options.input);
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('exit', () => resolve());
  });
  const abort = new AbortController();
  const timeout = setTimeout(() => abort.abort(), options.readyMsMax ?? 30_000);
  ended.then(() => abort.abort());
  const readyLine =
    'line' in readyWhen
      ? await untilLine(child.stdout, readyWhen.line, abort.signal)
      : await untilPort(readyWhen.port, abort.signal);
  child.stdout.resume();
  clearTimeout(timeout);
  if (readyLine === undefined || child.pid === undefined) {
    child.kill('SIGKILL');
    throw new Problem(`${name} did not get ready. ${said.trim()}`);
  }
  return {
    name,
    pid: child.pid,
    ended,
    readyLine,
    stop: async () => {
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
      await ended;
      clearTimeout(kill);
    },
  };
};
