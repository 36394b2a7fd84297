import { readFileSync } from 'node:fs';

/** Memory of one process as the kernel counts it, bytes. */
export interface ProcessMemory {
  readonly resident: number;
  readonly peak: number;
  /** Of the resident memory what is backed by no file. */
  readonly anonymous: number;
}

const field = (status: string, name: string): number =>
  1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? Number.NaN);

/** Sums over processes that run. */
export const memoryOf = (pids: readonly number[]): ProcessMemory => {
  const all = pids.map((pid) => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return {
      resident: field(status, 'VmRSS'),
      peak: field(status, 'VmHWM'),
      anonymous: field(status, 'RssAnon'),
    };
  });
  const sum = (key: keyof ProcessMemory): number => all.reduce((total, each) => total + each[key], 0);
  return { resident: sum('resident'), peak: sum('peak'), anonymous: sum('anonymous') };
};
