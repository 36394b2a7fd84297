import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout: src and dist lie at the same depth. */
export const repositoryRoot = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');

/** What is built of an app or of a package that is a program. */
export const programOf = (workspace: `${'apps' | 'packages'}/${string}`): string =>
  join(repositoryRoot, workspace, 'dist', 'main.js');
