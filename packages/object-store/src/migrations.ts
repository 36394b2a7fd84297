import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** One file of the schema. */
export interface ObjectStoreMigration {
  readonly name: string;
  readonly sql: string;
}

// Beside src in the sources, inside dist when built.
const folders = ['./migrations/', '../migrations/'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/** All steps of the object store's schema in order, each to be applied once, in a transaction, to the database of the store. */
export const readObjectStoreMigrations = async (): Promise<ObjectStoreMigration[]> => {
  for (const folder of folders) {
    const files = await readdir(folder).catch(() => []);
    const names = files.filter((file) => file.endsWith('.sql')).sort();
    if (names.length === 0) continue;
    const texts = await Promise.all(names.map((file) => readFile(`${folder}${file}`, 'utf8')));
    return names.map((file, index) => ({ name: file.slice(0, -'.sql'.length), sql: texts[index] ?? '' }));
  }
  throw new Error('the migrations of the object store are missing');
};
