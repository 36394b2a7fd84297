import { join } from 'node:path';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const permissionFlag =
  major > 23 || (major === 23 && minor >= 5) || (major === 22 && minor >= 13)
    ? '--permission'
    : '--experimental-permission';

/** The flags under which the launcher starts a router. */
export const routerFlags = (root: string): string[] => [
  permissionFlag,
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=8',
  ...['apps/router', 'packages', 'node_modules'].map((folder) => `--allow-fs-read=${join(root, folder)}/*`),
];

/** The environment in which the launcher starts a router. */
export const routerEnvironment = {
  NODE_ENV: 'production',
  GLIBC_TUNABLES: 'glibc.malloc.perturb=90',
} as const;
