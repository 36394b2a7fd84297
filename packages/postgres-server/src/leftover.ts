import { readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PostgresServerError } from './postgres-server-error.js';
import { waitUntil } from './wait-until.js';

/** The setting that tells a later start which process started this server. Postgres ignores names with a dot. */
export const LAUNCHER_SETTING = 'lethe.launcher_pid';

interface Found {
  readonly pid: number;
  readonly parent: number;
  /** The pid in LAUNCHER_SETTING; undefined in a backend, which renames itself. */
  readonly launcher: number | undefined;
}

function readProcess(pid: number, dataDir: string): Found | undefined {
  try {
    if (readlinkSync(`/proc/${pid}/cwd`) !== dataDir) return undefined;
    if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'postgres') return undefined;
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (state === 'Z') return undefined;
    const setting = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      .split('\0')
      .find((argument) => argument.startsWith(`${LAUNCHER_SETTING}=`));
    return {
      pid,
      parent: Number(parent),
      launcher: setting === undefined ? undefined : Number(setting.split('=')[1]),
    };
  } catch {
    return undefined;
  }
}

/**
 * Every Postgres process that works in this data folder. Empty where there is no /proc: there a leftover server ends
 * the next start with start_failed.
 */
export function serverProcesses(dataDir: string): readonly Found[] {
  if (process.platform !== 'linux') return [];
  let real: string;
  try {
    real = realpathSync(dataDir);
  } catch {
    return [];
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name), real))
    .filter((found) => found !== undefined);
}

function signalAll(dataDir: string, signal: NodeJS.Signals, onlyPostmaster: boolean): void {
  for (const { pid, launcher } of serverProcesses(dataDir)) {
    if (onlyPostmaster && launcher === undefined) continue;
    try {
      process.kill(pid, signal);
    } catch {
      // It ended by itself meanwhile, which is what we want; one that may not be signalled shows below.
    }
  }
}

/**
 * Makes the data folder free: stops a server whose launcher is gone (fast, then immediate, then killed) and removes its
 * pid file. Throws already_running when the launcher lives, leftover_unstoppable when it does not end.
 */
export async function stopLeftover(dataDir: string): Promise<void> {
  const owned = serverProcesses(dataDir).find(({ parent, launcher }) => launcher === parent);
  if (owned !== undefined) throw new PostgresServerError('already_running', { pid: owned.pid });
  const gone = (): boolean => serverProcesses(dataDir).length === 0;
  const steps = [
    { signal: 'SIGINT', onlyPostmaster: true, waitMs: 3_000 },
    { signal: 'SIGQUIT', onlyPostmaster: true, waitMs: 2_000 },
    { signal: 'SIGKILL', onlyPostmaster: false, waitMs: 3_000 },
  ] as const;
  for (const { signal, onlyPostmaster, waitMs } of steps) {
    if (gone()) break;
    signalAll(dataDir, signal, onlyPostmaster);
    await waitUntil(gone, waitMs);
  }
  const rest = serverProcesses(dataDir)[0];
  if (rest !== undefined) throw new PostgresServerError('leftover_unstoppable', { pid: rest.pid });
  if (process.platform === 'linux') await rm(join(dataDir, 'postmaster.pid'), { force: true });
}
