// The commands of the README start here on a fresh clone, with Node and npm alone: install from the lock when
// needed, build when needed, then hand over. No dependencies: this file must run before any is installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
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
// With the tools that build and with Postgres, whatever the machine's npm settings leave out.
const everything = ['--include=dev', '--include=optional', '--no-audit', '--no-fund'];
if (!installed) run('Installing from the lock', 'npm', ['ci', ...everything]);
if (!existsSync(marker)) writeFileSync(marker, lockSha256);

/** Every workspace's folder, from the root. */
const workspaces = ['apps', 'packages'].flatMap((group) =>
  readdirSync(join(root, group)).map((name) => join(group, name)),
);

/** What the build is made from: every source file with its size and time. */
const sources = () => {
  const hash = createHash('sha256').update(`${process.version} ${lockSha256}`);
  for (const part of ['turbo.json', 'packages/house-rules/build.mjs', ...workspaces]) {
    const path = join(root, part);
    const inside = ['package.json', 'src', 'assembly', 'migrations']
      .map((name) => join(path, name))
      .filter(existsSync);
    for (const entry of statSync(path).isDirectory() ? inside : [path]) {
      const names = statSync(entry).isDirectory()
        ? readdirSync(entry, { recursive: true, encoding: 'utf8' }).sort()
        : [''];
      for (const name of names) {
        const { size, mtimeMs } = statSync(join(entry, name));
        hash.update(`${entry}/${name} ${size} ${mtimeMs}\n`);
      }
    }
  }
  return hash.digest('hex');
};

// A build replaces files that another Lethe of this checkout may be about to load, so none is made without need.
const builtMarker = join(root, '.cache', 'built-from-sha256');
// Those that run from the sources need none at all.
const unbuilt = new Set(['check', 'model', 'simulate']);
const whole = workspaces.every(
  (path) => !existsSync(join(root, path, 'src')) || existsSync(join(root, path, 'dist')),
);
const builtFrom = whole && existsSync(builtMarker) ? readFileSync(builtMarker, 'utf8') : '';
if (!unbuilt.has(command) && builtFrom !== sources()) {
  const from = sources();
  run('Building', process.execPath, [
    join(root, 'node_modules', 'turbo', 'bin', 'turbo'),
    'run',
    'build',
    '--output-logs=errors-only',
  ]);
  mkdirSync(dirname(builtMarker), { recursive: true });
  writeFileSync(builtMarker, from);
}

const protocolPrograms = new Map([
  ['model', 'model'],
  ['simulate', 'simulation'],
]);
const programs = new Map([
  ['check', 'check'],
  ['check:long', 'check-long'],
]);
const jestProjects = new Map([
  ['test:compose', 'compose'],
  ['chaos', 'chaos'],
]);
if (command === 'start') {
  process.argv.splice(2, process.argv.length, 'up', ...args);
  await import(new URL('./dist/main.js', import.meta.url).href);
} else if (command === 'bench') {
  process.argv.splice(2, process.argv.length, ...args);
  await import(new URL('../../packages/bench/dist/main.js', import.meta.url).href);
} else if (protocolPrograms.has(command)) {
  process.argv.splice(2, process.argv.length, protocolPrograms.get(command) ?? '', ...args);
  await import(new URL('../../packages/policy-sync/run.mjs', import.meta.url).href);
} else if (jestProjects.has(command)) {
  process.argv.splice(2, process.argv.length, jestProjects.get(command) ?? '', ...args);
  await import(new URL('../../packages/house-rules/run-project.mjs', import.meta.url).href);
} else {
  process.argv.splice(2, process.argv.length, ...args);
  await import(
    new URL(`../../packages/house-rules/${programs.get(command) ?? 'run-tests'}.mjs`, import.meta.url).href
  );
}
