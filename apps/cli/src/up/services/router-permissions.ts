import { join } from 'node:path';
import { repositoryRoot } from '../../repository.js';
import { Problem } from '../../terminal/problem.js';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const permissionFlag =
  major > 23 || (major === 23 && minor >= 5) || (major === 22 && minor >= 13)
    ? '--permission'
    : '--experimental-permission';

/** A router of several workers is started and watched over by a process that may start others. */
const primaryFlags = ['--allow-child-process', '--disable-warning=SecurityWarning'];

/**
 * The flags under which a router runs: it may read the program itself and nothing else, and may not write a file, a
 * report or a heap snapshot, start a process or a thread, or load an addon. With several workers, the one process that
 * serves no request may start the others, which it gives these flags without that right. Throws Problem for a path
 * Node cannot take.
 */
export const routerPermissions = (workers: number, root: string = repositoryRoot): string[] => {
  if (root.includes('*'))
    throw new Problem(
      `Node cannot restrict a program to ${root}.`,
      'Move the repository to a path without "*".',
    );
  return [
    permissionFlag,
    '--disable-warning=ExperimentalWarning',
    ...['apps/router', 'packages', 'node_modules'].map((folder) => `--allow-fs-read=${join(root, folder)}/*`),
    ...(workers > 1 ? primaryFlags : []),
  ];
};

export { permissionFlag, primaryFlags };
