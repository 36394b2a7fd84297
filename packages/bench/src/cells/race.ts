import type { Gateway, RunningGateway } from '../gateways/gateway.js';
import { letheRouter } from '../gateways/lethe-router.js';
import type { PolicySize } from '../gateways/policy-server.js';
import { Problem } from '../problem.js';
import type { Traffic } from '../programs/load.js';
import type { LoadResult } from '../programs/load-codec.js';
import type { MockMode } from '../programs/mock.js';
import type { Bench } from './cell.js';

/** Several gateways under the same traffic, window after window in turn. */
export interface Race {
  readonly gateways: readonly Gateway[];
  readonly mode: MockMode;
  readonly traffic: Traffic;
}

export interface RaceResult {
  /** For each gateway that was there, what each round saw. */
  readonly rounds: ReadonlyMap<string, readonly LoadResult[]>;
  readonly problems: readonly string[];
}

interface Runner {
  readonly name: string;
  readonly running: RunningGateway;
  readonly results: LoadResult[];
  requests: number;
}

export const routerName = 'lethe';
const smallPolicy: PolicySize = { apiKeys: 1, organizations: 1 };

/** The router of this checkout; and of the other one, when there is one. */
export const routersOf = (bench: Bench, policy: PolicySize = smallPolicy): Gateway[] => [
  letheRouter({ name: routerName, root: bench.root, brokers: bench.brokers, policy }),
  ...(bench.against === undefined
    ? []
    : [letheRouter({ name: 'other', root: bench.against, brokers: bench.brokers, policy })]),
];

const isOurs = (name: string): boolean => name === routerName || name === 'other';

/** Peers may rewrite an answer; the router may not. Nobody may fail. */
const faultsOf = (name: string, { total, unanswered }: LoadResult): string[] => {
  const wrong = {
    'of another status': total.other,
    refused: total.refused,
    'cut off': total.failed,
    'without an answer': unanswered,
    ...(isOurs(name) && { 'with other bytes than the provider sent': total.mismatched }),
  };
  return Object.entries(wrong)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${name}: ${count} of ${total.completed + unanswered} requests ${what}`);
};

const startAll = async (bench: Bench, race: Race): Promise<Runner[]> => {
  const runners: Runner[] = [];
  const upstream = { port: bench.mock.portOf[race.mode] };
  for (const gateway of race.gateways) {
    if (bench.missing.has(gateway.name)) continue;
    try {
      const running = await gateway.start(upstream, bench.surroundings);
      runners.push({ name: gateway.name, running, results: [], requests: 0 });
    } catch (error) {
      if (!(error instanceof Problem) || isOurs(gateway.name)) {
        await stopAll(runners);
        throw error;
      }
      bench.missing.set(gateway.name, error.said);
      bench.say(`*** NOT MEASURED: ${gateway.name}. ${error.said}`);
    }
  }
  return runners;
};

const stopAll = async (runners: readonly Runner[]): Promise<void> => {
  await Promise.all(runners.map(({ running }) => running.stop()));
};

const checkAll = async (runners: readonly Runner[]): Promise<string[]> => {
  const problems: string[] = [];
  for (const { name, running, requests } of runners)
    await running.checkRecords?.(requests).catch((error: unknown) => {
      if (!(error instanceof Problem)) throw error;
      problems.push(`${name}: ${error.said}`);
    });
  return problems;
};

/**
 * Starts the gateways, warms each up, then gives each one window in every round, in an order that moves on from round
 * to round. After the last the router's records are compared with the requests. Everything is stopped at the end.
 */
export const runRace = async (bench: Bench, race: Race): Promise<RaceResult> => {
  const { pace, load } = bench;
  const runners = await startAll(bench, race);
  const problems: string[] = [];
  const window = async (runner: Runner, warmSeconds: number, seconds: number): Promise<LoadResult> => {
    const result = await load.run(runner.running, race.traffic, { warmSeconds, seconds });
    runner.requests += result.total.completed + result.unanswered;
    problems.push(...faultsOf(runner.name, result));
    return result;
  };
  try {
    for (const runner of runners) await window(runner, 0, pace.warmUpSeconds);
    for (let round = 0; round < pace.rounds; round += 1)
      for (let turn = 0; turn < runners.length; turn += 1) {
        const runner = runners[(round + turn) % runners.length];
        if (runner !== undefined)
          runner.results.push(await window(runner, pace.leadSeconds, pace.windowSeconds));
      }
    problems.push(...(await checkAll(runners)));
  } finally {
    await stopAll(runners);
  }
  return { rounds: new Map(runners.map(({ name, results }) => [name, results])), problems };
};
