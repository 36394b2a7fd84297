// npm test: every test of the house, unit first, then the suites that start real processes. Ends with one plain line.
// A file that the machine did not let be carried out is run once more, alone, and named in the end; a file that saw
// something wrong is not.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { jestArguments, root } from './jest-arguments.mjs';
import { reasonNotCarriedOut } from './not-carried-out.mjs';

const cache = join(root, '.cache');
mkdirSync(cache, { recursive: true });

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */
/** @typedef {Counts & { again: { name: string, reason: string, counts: Counts }[] }} Run */

/** Runs one jest project; a run without a result file counts as one failure. @returns {Run} */
const runProject = (/** @type {string} */ project, /** @type {string[]} */ flags) => {
  const outputFile = join(cache, `jest-${project}.json`);
  rmSync(outputFile, { force: true });
  const { status } = spawnSync(
    process.execPath,
    [...jestArguments(project), '--json', '--outputFile', outputFile, '--passWithNoTests', ...flags],
    { cwd: root, stdio: ['ignore', 'ignore', 'inherit'], env: process.env },
  );
  try {
    const result = JSON.parse(readFileSync(outputFile, 'utf8'));
    const failed = result.numFailedTests + result.numRuntimeErrorTestSuites;
    return {
      passed: result.numPassedTests,
      failed: failed + (status !== 0 && failed === 0 ? 1 : 0),
      skipped: result.numPendingTests + result.numTodoTests,
      again: result.testResults.flatMap((/** @type {import('./not-carried-out.mjs').TestFile} */ file) => {
        const reason = reasonNotCarriedOut(file);
        if (reason === undefined) return [];
        const count = (/** @type {string} */ of) =>
          file.assertionResults.filter(({ status: its }) => its === of).length;
        const counts = { passed: count('passed'), failed: count('failed'), skipped: count('pending') };
        return [{ name: relative(root, file.name), reason, counts }];
      }),
    };
  } catch {
    return { passed: 0, failed: 1, skipped: 0, again: [] };
  }
};

/** More than these did not fail by chance. */
const againMax = 4;

const withSecondTry = (/** @type {string} */ project, /** @type {string[]} */ flags) => {
  const run = runProject(project, flags);
  if (run.again.length > againMax) return run;
  for (const { name, reason, counts } of run.again) {
    process.stderr.write(`\n*** RUN AGAIN, because ${reason}: ${name} ***\n\n`);
    const second = runProject(project, ['--runInBand', '--runTestsByPath', name]);
    for (const key of /** @type {(keyof Counts)[]} */ (['passed', 'failed', 'skipped']))
      run[key] += second[key] - counts[key];
  }
  return run;
};

const args = process.argv.slice(2);
const runs = [withSecondTry('unit', args), withSecondTry('system', ['--runInBand', ...args])];
const sum = (/** @type {keyof Counts} */ key) => runs.reduce((total, run) => total + run[key], 0);
const again = runs.flatMap((run) => run.again).map(({ name, reason }) => `${name} (${reason})`);
process.stdout.write(`\n${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped\n`);
if (again.length > 0) process.stdout.write(`not carried out the first time: ${again.join(', ')}\n`);
process.exit(sum('failed') === 0 && sum('passed') > 0 ? 0 : 1);
