import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ensureTopics } from '@lethe/event-log';
import { startKafka } from '@lethe/test-servers';
import { cells } from './cells/all.js';
import type { Bench, CellResult, Pace } from './cells/cell.js';
import { peers } from './gateways/all.js';
import { repositoryRoot } from './places.js';
import { Problem } from './problem.js';
import { compileNative } from './programs/compile.js';
import { LoadGenerator } from './programs/load.js';
import { startMock } from './programs/mock.js';
import { runTool } from './programs/run-tool.js';
import { cellText } from './report/table.js';
import { readSettings, type Settings } from './settings.js';
import { writeAnswers } from './traffic/answers.js';

const gatewayCore = 0;
const otherCore = 1;

const fullPace: Pace = {
  rounds: 5,
  windowSeconds: 4,
  warmUpSeconds: 8,
  warmUpRequests: 10_000,
  leadSeconds: 0.5,
};
const quickPace: Pace = {
  rounds: 3,
  windowSeconds: 1.5,
  warmUpSeconds: 3,
  warmUpRequests: 10_000,
  leadSeconds: 0.25,
};

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** This process and all it starts go to the other core: the gateways have theirs to themselves. */
const leaveGatewayCore = async (): Promise<void> => {
  if (process.platform !== 'linux' || availableParallelism() < 2)
    throw new Problem('The bench needs Linux and two cores: one is for the gateway alone.');
  const { ok } = await runTool('taskset', ['-a', '-c', '-p', String(otherCore), String(process.pid)]);
  if (!ok) throw new Problem('taskset could not bind the bench to a core.');
};

const startEventLog = async () => {
  const kafka = await startKafka();
  if ('unavailable' in kafka)
    throw new Problem(
      `The router publishes while it is measured, but there is no Kafka: ${kafka.unavailable}.`,
    );
  await ensureTopics({ kind: 'kafka', brokers: kafka.brokers, clientId: 'bench' }, { replicationFactor: 1 });
  return kafka;
};

const withBench = async (
  settings: Settings,
  use: (bench: Bench) => Promise<CellResult[]>,
): Promise<CellResult[]> => {
  await leaveGatewayCore();
  const folder = mkdtempSync(join(tmpdir(), 'lethe-bench-'));
  const stops: (() => Promise<void>)[] = [];
  try {
    const native = await compileNative(folder);
    const answers = writeAnswers(folder);
    const kafka = await startEventLog();
    stops.push(() => kafka.stop());
    const mock = await startMock(native.mock, answers, otherCore);
    stops.push(() => mock.stop());
    const load = new LoadGenerator({ program: native.load, folder, core: otherCore, expected: answers });
    return await use({
      surroundings: { folder, gatewayCore, otherCore },
      load,
      mock,
      brokers: kafka.brokers,
      pace: settings.quick ? quickPace : fullPace,
      root: settings.checkout === undefined ? repositoryRoot : resolve(settings.checkout),
      ...(settings.against !== undefined && { against: resolve(settings.against) }),
      peers: peers.filter(({ name }) => settings.peers.includes(name)),
      missing: new Map(),
      say,
    });
  } finally {
    for (const stop of stops.reverse()) await stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Runs the cells that were asked for and prints their figures. Returns the exit code. */
export const runBench = async (args: readonly string[]): Promise<number> => {
  try {
    const settings = readSettings(args, {
      cells: cells.map(({ name }) => name),
      peers: peers.map(({ name }) => name),
    });
    const results = await withBench(settings, async (bench) => {
      const done: CellResult[] = [];
      for (const cell of cells.filter(({ name }) => settings.cells.includes(name))) {
        say(`${cell.name}: ${cell.about} …`);
        done.push(await cell.run(bench));
      }
      return done;
    });
    if (settings.json !== undefined) writeFileSync(settings.json, `${JSON.stringify(results, null, 2)}\n`);
    for (const result of results) say(cellText(result));
    return results.some(({ problems }) => problems.length > 0) ? 1 : 0;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    process.stderr.write(`${error.said}\n`);
    return 1;
  }
};
