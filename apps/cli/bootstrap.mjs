// The two commands of the README start here on a fresh clone, with Node and npm alone: install from the lock when
// needed, build when needed, then hand over. No dependencies: this file must run before any is installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const [command = 'start', ...args] = process.argv.slice(2);
const say = (/** @type {string} */ text) => process.stderr.write(`${text}\n`);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  say(`Lethe needs Node 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

/** Runs a step and ends with its exit code when it fails. */
const run = (/** @type {string} */ what, /** @type {string} */ file, /** @type {string[]} */ argv) => {
  const started = Date.now();
  say(`${what} …`);
  const { status } = spawnSync(file, argv, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  });
  if (status !== 0) {
    say(`${what} failed. The lines above say why.`);
    process.exit(status ?? 1);
  }
  say(`${what}: ${((Date.now() - started) / 1000).toFixed(1)} s`);
};

const lockSha256 = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
const marker = join(root, 'node_modules', '.lethe-lock-sha256');
const npmMarker = join(root, 'node_modules', '.package-lock.json');
const installed =
  existsSync(npmMarker) && (!existsSync(marker) || readFileSync(marker, 'utf8') === lockSha256);
if (!installed) run('Installing from the lock', 'npm', ['ci', '--no-audit', '--no-fund']);
if (!existsSync(marker)) writeFileSync(marker, lockSha256);

if (command !== 'check') {
  run('Building', process.execPath, [
    join(root, 'node_modules', 'turbo', 'bin', 'turbo'),
    'run',
    'build',
    '--output-logs=errors-only',
  ]);
}

if (command === 'start') {
  process.argv.splice(2, process.argv.length, 'up', ...args);
  await import(new URL('./dist/main.js', import.meta.url).href);
} else {
  process.argv.splice(2, process.argv.length, ...args);
  await import(
    new URL(`../../packages/house-rules/${command === 'check' ? 'check' : 'run-tests'}.mjs`, import.meta.url)
      .href
  );
}
