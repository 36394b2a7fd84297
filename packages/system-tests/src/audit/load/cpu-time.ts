import { readFileSync } from 'node:fs';

const TICK_MS = 10;

/** Milliseconds of processor that a process has used, in all its threads; undefined where the system does not say. */
export const cpuTimeMs = (pid: number | undefined): number | undefined => {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in parentheses, may hold spaces.
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return undefined;
  }
};
