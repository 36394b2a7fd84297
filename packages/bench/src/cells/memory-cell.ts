import type { Gateway } from '../gateways/gateway.js';
import { Problem } from '../problem.js';
import { memoryOf } from '../programs/process-memory.js';
import { definedFigures, type Spread, spreadOf } from '../statistics/spread.js';
import type { Bench, Cell } from './cell.js';
import { faultsOf, recordProblems, routersOf } from './race.js';

const traffic = { bodyBytes: 1024, stream: false, connections: 64 };
const megabyte = 1024 * 1024;
const one = (bytes: number): Spread | undefined => spreadOf([bytes / megabyte]);

interface Measured {
  readonly figures: Record<string, Spread | undefined>;
  readonly problems: readonly string[];
}

const measure = async (bench: Bench, gateway: Gateway, seconds: number): Promise<Measured> => {
  const { name } = gateway;
  const running = await gateway.start({ port: bench.mock.portOf.json }, bench.surroundings);
  try {
    const idle = memoryOf(running.pids);
    const result = await bench.load.run(running, traffic, { warmSeconds: 0, seconds });
    const after = memoryOf(running.pids);
    const kinds = Object.entries((await running.memory?.()) ?? {});
    return {
      figures: {
        [`MB ${name} idle`]: one(idle.resident),
        [`MB ${name}`]: one(after.resident),
        [`MB ${name} peak`]: one(after.peak),
        [`MB ${name} anonymous`]: one(after.anonymous),
        ...Object.fromEntries(kinds.map(([kind, bytes]) => [`MB ${name} ${kind}`, one(bytes)])),
      },
      problems: [
        ...faultsOf(gateway, result),
        ...(await recordProblems(name, running, result.total.completed + result.unanswered)),
      ],
    };
  } finally {
    await running.stop();
  }
};

/** Resident memory of a gateway just started, and right after the traffic of the 1 KB cell. */
export const memoryCell: Cell = {
  name: 'memory',
  about: 'Resident memory right after the traffic of the 1 KB cell, from a fresh start',
  run: async (bench) => {
    const seconds = bench.pace.windowSeconds * bench.pace.rounds;
    const figures: Record<string, Spread | undefined> = {};
    const problems: string[] = [];
    for (const gateway of [...routersOf(bench), ...bench.peers]) {
      if (bench.missing.has(gateway.name)) continue;
      try {
        const measured = await measure(bench, gateway, seconds);
        Object.assign(figures, measured.figures);
        problems.push(...measured.problems);
      } catch (error) {
        if (!(error instanceof Problem) || gateway.ours) throw error;
        bench.missing.set(gateway.name, error.said);
        bench.say(`*** NOT MEASURED: ${gateway.name}. ${error.said}`);
      }
    }
    return { cell: 'memory', figures: definedFigures(figures), problems };
  },
};
