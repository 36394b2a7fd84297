// npm test: every test of the house, unit first, then the suites that start real processes. Ends with one plain line.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('../..', import.meta.url).pathname;
const cache = join(root, '.cache');
mkdirSync(cache, { recursive: true });

/** Runs one jest project; resolves to its counts. A run without a result file counts as one failure. */
const runProject = (/** @type {string} */ project, /** @type {string[]} */ flags) => {
  const outputFile = join(cache, `jest-${project}.json`);
  rmSync(outputFile, { force: true });
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
      '--json',
      '--outputFile',
      outputFile,
      '--passWithNoTests',
      ...flags,
    ],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], env: process.env },
  );
  try {
    const result = JSON.parse(readFileSync(outputFile, 'utf8'));
    const brokenSuites = result.numRuntimeErrorTestSuites;
    return {
      passed: result.numPassedTests,
      failed:
        result.numFailedTests +
        brokenSuites +
        (status !== 0 && result.numFailedTests + brokenSuites === 0 ? 1 : 0),
      skipped: result.numPendingTests + result.numTodoTests,
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
};

const args = process.argv.slice(2);
const counts = [runProject('unit', args), runProject('system', ['--runInBand', ...args])];
const sum = (/** @type {'passed' | 'failed' | 'skipped'} */ key) =>
  counts.reduce((total, count) => total + count[key], 0);
process.stdout.write(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped\n`);
process.exit(sum('failed') === 0 && sum('passed') > 0 ? 0 : 1);
