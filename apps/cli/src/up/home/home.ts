import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Problem } from '../../terminal/problem.js';

/** Where everything of one Lethe lies. */
export interface Home {
  readonly folder: string;
  readonly runFile: string;
  readonly secretsFile: string;
  readonly lockFile: string;
  readonly logs: string;
  /** What the audit log's database must not be able to take back with itself. */
  readonly anchors: string;
  readonly postgresData: string;
}

export const homeOf = (folder: string): Home => ({
  folder,
  runFile: join(folder, 'run.json'),
  secretsFile: join(folder, 'secrets.json'),
  lockFile: join(folder, 'lock'),
  logs: join(folder, 'logs'),
  anchors: join(folder, 'anchors'),
  postgresData: join(folder, 'postgres', 'data'),
});

/** Makes the folder, ours alone. Throws Problem when it cannot be made or written. */
export const prepareHome = async (home: Home): Promise<void> => {
  // Postgres never runs as root: the user it runs as instead has to pass through, and can read nothing here.
  const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
  try {
    await mkdir(home.folder, { recursive: true, mode });
    for (const folder of [home.logs, home.anchors]) await mkdir(folder, { recursive: true, mode: 0o700 });
    // What a start that was killed while writing left behind.
    for (const name of await readdir(home.folder))
      if (name.endsWith('.writing')) await rm(join(home.folder, name), { force: true });
  } catch {
    throw new Problem(
      `The folder ${home.folder} cannot be made or written.`,
      'Set LETHE_HOME to a folder that this user may write.',
    );
  }
};

/** Deletes what Lethe made, and nothing else that may lie in the folder. */
export const emptyHome = async (home: Home): Promise<void> => {
  const made = [home.runFile, home.secretsFile, join(home.folder, 'postgres'), home.anchors, home.logs];
  for (const path of made) await rm(path, { recursive: true, force: true, maxRetries: 5 });
  await prepareHome(home);
};
