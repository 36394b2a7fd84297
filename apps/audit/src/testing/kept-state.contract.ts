import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestPostgres } from '@lethe/test-servers';

/** The data of a server as they were at some moment, as a backup of its disk would have them. */
export interface KeptState {
  /** Puts the server back to that moment. */
  restore(): Promise<void>;
  remove(): Promise<void>;
}

/** Copies the data folder of a server that is down for the moment. */
export const keepState = async (server: TestPostgres): Promise<KeptState> => {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-kept-'));
  await server.kill();
  await cp(server.dataDir, join(folder, 'data'), { recursive: true });
  await server.restart();
  return {
    restore: async () => {
      await server.kill();
      await rm(server.dataDir, { recursive: true });
      await cp(join(folder, 'data'), server.dataDir, { recursive: true });
      await server.restart();
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
};
