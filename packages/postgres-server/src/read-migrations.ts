import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Migration } from './migrations.js';

const ending = '.sql';

/** The migrations of a folder in the order of their names: each is named as its file, without the ending. */
export const readMigrations = async (folder: string): Promise<readonly Migration[]> => {
  const files = (await readdir(folder)).filter((file) => file.endsWith(ending)).sort();
  return await Promise.all(
    files.map(async (file) => ({
      name: file.slice(0, -ending.length),
      sql: await readFile(join(folder, file), 'utf8'),
    })),
  );
};
