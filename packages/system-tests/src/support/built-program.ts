import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../start-lethe.js';

/** The built form of a program of this package: what would be slow inside a test runner runs beside it. */
export const builtProgram = (name: string): string => {
  const path = join(repositoryRoot, 'packages', 'system-tests', 'dist', `${name}.js`);
  if (!existsSync(path)) throw new Error('system-tests is not built: run "npx turbo run build" first');
  return path;
};
