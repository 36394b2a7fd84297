import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const STATUS_LINE = 7;

/** Whether the server with this pid says in its pid file that it takes connections. Needs no login and no log line. */
export function isReady(dataDir: string, pid: number): boolean {
  try {
    const lines = readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n');
    return Number(lines[0]) === pid && lines[STATUS_LINE]?.trim() === 'ready';
  } catch {
    return false;
  }
}
