import { randomBytes } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { errorCode } from '../../terminal/error-code.js';
import { decodeJson } from '../../terminal/json-codec.js';
import { Problem } from '../../terminal/problem.js';
import { exclusively } from './exclusively.js';
import type { Home } from './home.js';
import { startTimeOf } from './process-identity.js';

const holderSchema = z.strictObject({ pid: z.int().positive(), startedAt: z.string() });

/** Holds a home for this process. */
export interface HomeLock {
  release(): Promise<void>;
}

const readText = (path: string): Promise<string | undefined> => readFile(path, 'utf8').catch(() => undefined);

const livingPid = (text: string): number | undefined => {
  const holder = decodeJson(holderSchema, text);
  return holder !== undefined && startTimeOf(holder.pid) === holder.startedAt ? holder.pid : undefined;
};

/**
 * Removes a dead process's lock, unless it is another one by now. Only one process at a time looks and removes, so
 * that nobody removes the lock of the one that was faster.
 */
const clearStale = (path: string, stale: string): Promise<void> =>
  exclusively(path, async () => {
    if ((await readText(path)) === stale) await rm(path, { force: true });
  });

/**
 * Takes the home for this process, also from one that died without saying so. Throws Problem naming the pid of the
 * Lethe that runs on it.
 */
export const lockHome = async (home: Home): Promise<HomeLock> => {
  const path = home.lockFile;
  const mine = JSON.stringify({ pid: process.pid, startedAt: startTimeOf(process.pid) ?? '' });
  const staging = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(staging, mine, { mode: 0o600, flag: 'wx' });
  try {
    for (;;) {
      try {
        // A link appears with its text, or not at all when there is one: nobody reads half a lock.
        await link(staging, path);
        break;
      } catch (error) {
        if (errorCode(error) !== 'EEXIST') throw error;
      }
      const text = await readText(path);
      if (text === undefined) continue;
      const pid = livingPid(text);
      if (pid !== undefined)
        throw new Problem(
          `Lethe already runs on ${home.folder} as process ${pid}.`,
          `Use it, stop it (kill ${pid}), or start another one with its own LETHE_HOME and LETHE_PORT_BASE.`,
        );
      await clearStale(path, text);
    }
  } finally {
    await rm(staging, { force: true });
  }
  return {
    release: async () => {
      if ((await readText(path)) === mine) await rm(path, { force: true });
    },
  };
};
