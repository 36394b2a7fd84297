// npm run test:compose, npm run chaos: one jest project by its name, one file at a time. They start a container engine,
// and say loudly when none can be had (with CI=true they fail).
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = new URL('../..', import.meta.url).pathname;
const [project = '', ...flags] = process.argv.slice(2);
const { status } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    join(root, 'node_modules/jest/bin/jest.js'),
    '-c',
    join(root, 'packages/house-rules/jest.config.mjs'),
    '--selectProjects',
    project,
    '--runInBand',
    ...flags,
  ],
  { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: process.env },
);
process.exit(status ?? 1);
