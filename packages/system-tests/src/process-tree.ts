import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { waitFor } from './wait-for.js';

interface Row {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
}

const fromProc = (pid: number): Row | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { pid, parent: Number(parent), state };
  } catch {
    return undefined;
  }
};

const fromPs = (): Row[] =>
  spawnSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' })
    .stdout.split('\n')
    .map((line) => line.trim().split(/\s+/))
    .map(([pid, parent, state = '']) => ({ pid: Number(pid), parent: Number(parent), state }))
    .filter(({ pid }) => pid > 0);

const processTable = (): Row[] =>
  process.platform === 'linux'
    ? readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map((name) => fromProc(Number(name)))
        .filter((row) => row !== undefined)
    : fromPs();

/** Every process below `pid`, nearest first. */
export const descendantsOf = (pid: number): number[] => {
  const table = processTable();
  const found: number[] = [];
  for (let next = [pid]; next.length > 0; ) {
    const children = table.filter(({ parent }) => next.includes(parent)).map((row) => row.pid);
    found.push(...children);
    next = children;
  }
  return found;
};

/** The command line of a process, or ''. */
export const commandOf = (pid: number): string => {
  if (process.platform !== 'linux')
    return spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
};

/** Whether a process is there and has not ended (a zombie has). */
export const alive = (pid: number): boolean =>
  processTable().some((row) => row.pid === pid && !row.state.startsWith('Z'));

/** SIGKILL to each; resolves when all are gone. */
export const killAll = async (pids: readonly number[]): Promise<void> => {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It had ended before.
    }
  }
  await waitFor(() => !pids.some(alive));
};
