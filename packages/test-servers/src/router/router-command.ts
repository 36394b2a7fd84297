import { join } from 'node:path';

const permissionFlagOf = (version: string): string => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isStable = major > 23 || (major === 23 && minor >= 5) || (major === 22 && minor >= 13);
  return isStable ? '--permission' : '--experimental-permission';
};

/** The flags under which the launcher starts a router of this checkout, for a Node of this version. */
export const routerFlags = (root: string, nodeVersion = process.versions.node): string[] => [
  permissionFlagOf(nodeVersion),
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=8',
  ...['apps/router', 'packages', 'node_modules'].map((folder) => `--allow-fs-read=${join(root, folder)}/*`),
];

/** The environment in which the launcher starts a router. */
export const routerEnvironment = {
  NODE_ENV: 'production',
  GLIBC_TUNABLES: 'glibc.malloc.perturb=90',
} as const;
