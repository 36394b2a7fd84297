// npm run check: what CI runs, in this order. Each step is a command anyone can run by itself.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = new URL('../..', import.meta.url).pathname;
const bin = (/** @type {string} */ name) => join(root, 'node_modules/.bin', name);

/** @type {{ name: string, file: string, args: string[], cwd?: string }[]} */
const steps = [
  { name: 'types', file: bin('tsc'), args: ['-p', '.'] },
  { name: 'lint and format', file: 'npm', args: ['run', '--silent', 'lint'] },
  { name: 'architecture', file: process.execPath, args: ['packages/house-rules/architecture.mjs'] },
  { name: 'unused code', file: bin('knip'), args: ['--no-progress'] },
  { name: 'proto lint', file: bin('buf'), args: ['lint'], cwd: 'proto' },
  { name: 'generated code is current', file: process.execPath, args: ['packages/house-rules/generated.mjs'] },
  { name: 'build', file: bin('turbo'), args: ['run', 'build', '--output-logs=errors-only'] },
  {
    name: 'mutation of zdr-policy',
    file: 'npm',
    args: ['run', '--silent', 'mutation', '-w', '@lethe/zdr-policy'],
  },
  { name: 'tests', file: process.execPath, args: ['packages/house-rules/run-tests.mjs'] },
];

const only = process.argv.slice(2);
for (const step of steps.filter(({ name }) => only.length === 0 || only.includes(name))) {
  const started = Date.now();
  process.stdout.write(`── ${step.name}\n`);
  const { status } = spawnSync(step.file, step.args, {
    cwd: join(root, step.cwd ?? ''),
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  });
  if (status !== 0) {
    process.stdout.write(`${step.name} failed\n`);
    process.exit(1);
  }
  process.stderr.write(`   ${step.name}: ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}
