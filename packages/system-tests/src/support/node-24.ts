import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../start-lethe.js';

const version = '24.21.0';
const fetchMsMax = 120_000;

/**
 * A Node 24 from npm, fetched once into the cache; undefined where npm has none for this machine, said loudly. It is no
 * dependency of a workspace because npm would link its `node` where it shadows the one that runs the scripts.
 */
export const findNode24 = (): string | undefined => {
  const cache = join(repositoryRoot, '.cache');
  const kept = join(cache, `node-${version}`);
  const program = join(kept, 'bin', 'node');
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const staging = mkdtempSync(join(cache, `node-${version}-`));
  try {
    const name = `node-${process.platform}-${process.arch}`;
    const flags = ['--prefix', staging, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
    execFileSync('npm', ['install', ...flags, `${name}@${version}`], {
      cwd: staging,
      stdio: 'ignore',
      timeout: fetchMsMax,
    });
    renameSync(join(staging, 'node_modules', name), kept);
    return program;
  } catch {
    process.stderr.write(
      `NODE ${version} IS NOT HERE AND COULD NOT BE FETCHED: what is to run under it does not\n`,
    );
    return undefined;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
};
