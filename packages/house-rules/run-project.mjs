// npm run test:compose, npm run chaos: one jest project by its name, one file at a time. They start a container engine,
// and say loudly when none can be had (with CI=true they fail).
import { spawnSync } from 'node:child_process';
import { jestArguments, root } from './jest-arguments.mjs';

const [project = '', ...flags] = process.argv.slice(2);
const { status } = spawnSync(process.execPath, [...jestArguments(project), '--runInBand', ...flags], {
  cwd: root,
  stdio: ['ignore', 'inherit', 'inherit'],
  env: process.env,
});
process.exit(status ?? 1);
