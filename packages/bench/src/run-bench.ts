import { writeFileSync } from 'node:fs';
import { cells } from './cells/all.js';
import type { CellResult } from './cells/cell.js';
import { floors } from './floors.js';
import { peers } from './gateways/all.js';
import { Problem } from './problem.js';
import { machineFacts, toolVersions } from './report/machine.js';
import type { BenchResults } from './report/results.js';
import { encodeResults } from './report/results-codec.js';
import { cellText, verdictText } from './report/table.js';
import { withBench } from './set-up.js';
import { readSettings, type Settings } from './settings.js';
import { judgeAll } from './statistics/verdict.js';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const measure = async (settings: Settings): Promise<BenchResults> => {
  const machine = machineFacts();
  const versions = await toolVersions();
  return withBench(settings, say, async (bench) => {
    const done: CellResult[] = [];
    for (const cell of cells.filter(({ name }) => settings.cells.includes(name))) {
      say(`${cell.name}: ${cell.about} …`);
      const result = await cell.run(bench);
      say(cellText(result));
      done.push(result);
    }
    return {
      measuredAt: new Date().toISOString(),
      quick: settings.quick,
      machine,
      versions: {
        ...versions,
        ...Object.fromEntries(bench.peers.flatMap(({ name, version }) => (version ? [[name, version]] : []))),
      },
      peersAsked: settings.peers,
      missing: Object.fromEntries(bench.missing),
      cells: done,
    };
  });
};

/** Prints the verdicts. Whether every floor is kept and no cell found anything wrong. */
const conclude = ({ cells: results, missing, peersAsked }: BenchResults): boolean => {
  const judged = judgeAll(floors, results, peersAsked);
  const problems = results.flatMap((result) =>
    result.problems.map((problem) => `${result.cell}: ${problem}`),
  );
  say(`\n${verdictText(judged)}`);
  for (const [name, why] of Object.entries(missing)) say(`*** NOT MEASURED: ${name}. ${why}`);
  for (const problem of problems) say(`*** ${problem}`);
  const short = judged.filter(({ verdict }) => verdict === 'SHORT' || verdict === 'MISSING').length;
  say(`${judged.length - short} of ${judged.length} floors kept, ${problems.length} problems`);
  return short === 0 && problems.length === 0;
};

/** Runs the cells that were asked for and prints their figures. Returns the exit code. */
export const runBench = async (args: readonly string[]): Promise<number> => {
  try {
    const settings = readSettings(args, {
      cells: cells.map(({ name }) => name),
      peers: peers.map(({ name }) => name),
    });
    const results = await measure(settings);
    if (settings.json !== undefined) writeFileSync(settings.json, encodeResults(results));
    return conclude(results) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    process.stderr.write(`${error.said}\n`);
    return 1;
  }
};
