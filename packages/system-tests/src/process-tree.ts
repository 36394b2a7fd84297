import { spawnSync } from 'node:child_process';
import { waitFor } from './wait-for.js';

interface Row {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
}

const processTable = (): Row[] => {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .map(([pid, parent, state = '']) => ({ pid: Number(pid), parent: Number(parent), state }))
    .filter(({ pid }) => pid > 0);
};

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
export const commandOf = (pid: number): string =>
  spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim();

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
