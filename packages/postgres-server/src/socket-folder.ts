import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Layout } from './layout.js';
import { PostgresServerError } from './postgres-server-error.js';
import { giveTo, type RunAs } from './run-as.js';

/** The longest path of a unix socket that every platform takes (macOS 103, Linux 107). */
const SOCKET_PATH_BYTES_MAX = 103;
const TEMPORARY_PREFIX = 'lethe-socket-';

/** The port in the socket file's name. */
export const SOCKET_PORT = 5432;

/**
 * The comma and the port make postgres.js read a percent-encoded folder in a URL's host as a path (and not ask PGPORT),
 * so that one plain URL is enough to connect. `connection-address.test.ts` notices when that changes.
 */
const FOLDER_SUFFIX = `,:${SOCKET_PORT}`;
const FOLDER_NAME = `socket${FOLDER_SUFFIX}`;

/** The socket file's path in a folder. */
export function socketPath(folder: string): string {
  return join(folder, `.s.PGSQL.${SOCKET_PORT}`);
}

function fits(folder: string): boolean {
  return Buffer.byteLength(socketPath(folder)) <= SOCKET_PATH_BYTES_MAX;
}

/** Makes a fresh 0700 folder for the socket, beside the data or, when that path is too long, under the temporary folder. */
export async function makeSocketFolder(layout: Layout, runAs: RunAs): Promise<string> {
  await removeSocketFolder(layout);
  let folder = join(layout.home, FOLDER_NAME);
  if (fits(folder)) {
    await mkdir(folder, { mode: 0o700 });
  } else {
    const parent = await mkdtemp(join(tmpdir(), TEMPORARY_PREFIX));
    folder = `${parent}${FOLDER_SUFFIX}`;
    await rename(parent, folder);
    writeFileSync(layout.socketRecord, folder, { mode: 0o600 });
    if (!fits(folder)) {
      await removeSocketFolder(layout);
      throw new PostgresServerError('socket_path_too_long');
    }
  }
  giveTo(runAs, folder);
  return folder;
}

/** Removes the socket folder of this cluster, wherever it was, also one that a killed run left behind. */
export async function removeSocketFolder(layout: Layout): Promise<void> {
  await rm(join(layout.home, FOLDER_NAME), { recursive: true, force: true });
  if (!existsSync(layout.socketRecord)) return;
  const recorded = readFileSync(layout.socketRecord, 'utf8');
  const found = lstatSync(recorded, { throwIfNoEntry: false });
  if (found?.isDirectory() && basename(recorded).startsWith(TEMPORARY_PREFIX)) {
    await rm(recorded, { recursive: true, force: true });
  }
  await rm(layout.socketRecord, { force: true });
}
