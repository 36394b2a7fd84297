import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout: src and dist lie at the same depth. */
export const repositoryRoot = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');

/** Where the C programs stand. */
export const nativeFolder = join(repositoryRoot, 'packages', 'bench', 'native');

/** Where the programs stand that serve a peer. */
export const peersFolder = join(repositoryRoot, 'packages', 'bench', 'peers');
