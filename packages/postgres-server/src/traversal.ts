import { existsSync } from 'node:fs';
import { chmod, cp, lchown, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Binaries, binariesUnder } from './binaries.js';
import type { Layout } from './layout.js';
import { PostgresServerError } from './postgres-server-error.js';
import { exitCodeOf, type RunAs } from './run-as.js';

type Drop = Extract<RunAs, { kind: 'drop' }>;

async function canEnter(runAs: Drop, path: string): Promise<boolean> {
  const command = {
    file: '/bin/sh',
    args: ['-c', 'test -x "$1"', 'sh', path],
    identity: { uid: runAs.uid, gid: runAs.gid },
  };
  return (await exitCodeOf(command)) === 0;
}

/**
 * For a server that runs as another user: makes the data that user's, and the binaries reachable (a copy beside the
 * data when the package lies in a folder it cannot enter). Throws data_dir_not_traversable.
 */
export async function prepareForOtherUser(
  runAs: RunAs,
  layout: Layout,
  binaries: Binaries,
): Promise<Binaries> {
  if (runAs.kind !== 'drop') return binaries;
  // The folder around the data is ours alone, and everything in it is 0600 or 0700.
  if (!(await canEnter(runAs, layout.home))) await chmod(layout.home, 0o711);
  if (!(await canEnter(runAs, layout.home))) {
    throw new PostgresServerError('data_dir_not_traversable', { folder: layout.home });
  }
  if (existsSync(layout.dataDir)) await giveTree(runAs, layout.dataDir);
  if (await canEnter(runAs, binaries.postgres)) return binaries;
  const copy = binariesUnder(layout.binariesCopy);
  if (!existsSync(copy.root)) {
    const staging = `${copy.root}.copying`;
    await rm(staging, { recursive: true, force: true });
    await mkdir(staging, { mode: 0o755 });
    await cp(binaries.root, staging, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
    await rename(staging, copy.root);
  }
  return copy;
}

async function giveTree(runAs: Drop, folder: string): Promise<void> {
  await lchown(folder, runAs.uid, runAs.gid);
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    await lchown(join(entry.parentPath, entry.name), runAs.uid, runAs.gid);
  }
}
