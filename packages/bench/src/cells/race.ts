import type { Gateway, RunningGateway } from '../gateways/gateway.js';
import { letheRouter, type RouterOptions } from '../gateways/lethe-router.js';
import { Problem } from '../problem.js';
import type { Traffic, Window } from '../programs/load.js';
import type { LoadResult } from '../programs/load-codec.js';
import type { MockMode } from '../programs/mock.js';
import type { Bench } from './cell.js';

/** Several gateways under the same traffic, window after window in turn. */
export interface Race {
  readonly gateways: readonly Gateway[];
  readonly mode: MockMode;
  readonly traffic: Traffic;
  /** How many times longer than usual a window is. */
  readonly windowFactor?: number;
}

export interface RaceResult {
  /** For each gateway that was there, what each round saw. */
  readonly rounds: ReadonlyMap<string, readonly LoadResult[]>;
  readonly problems: readonly string[];
}

interface Runner {
  readonly gateway: Gateway;
  readonly running: RunningGateway;
  readonly results: LoadResult[];
  requests: number;
}

export const routerName = 'lethe';
const warmUpTimesMax = 4;
const warmUpConnections = 16;

type RouterChange = Partial<Omit<RouterOptions, 'brokers'>>;

/** The router of the measured checkout. */
export const ourRouter = (bench: Bench, change: RouterChange = {}): Gateway =>
  letheRouter({
    name: routerName,
    root: bench.root,
    brokers: bench.brokers,
    policy: { apiKeys: 1, organizations: 1 },
    ...change,
  });

/** The router of the measured checkout; and of the other one, when there is one. */
export const routersOf = (bench: Bench): Gateway[] => [
  ourRouter(bench),
  ...(bench.against === undefined ? [] : [ourRouter(bench, { name: 'other', ...bench.against })]),
];

/** What must not happen. Peers may rewrite an answer; a router of ours may not. */
export const faultsOf = ({ name, ours }: Gateway, { total, unanswered }: LoadResult): string[] => {
  const wrong = {
    'of another status': total.other,
    refused: total.refused,
    'cut off': total.failed,
    'without an answer': unanswered,
    ...(ours && { 'with other bytes than the provider sent': total.mismatched }),
  };
  return Object.entries(wrong)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${name}: ${count} of ${total.completed + unanswered} requests ${what}`);
};

const stopAll = async (runners: readonly Runner[]): Promise<void> => {
  await Promise.all(runners.map(({ running }) => running.stop()));
};

const startAll = async (bench: Bench, { gateways, mode }: Race): Promise<Runner[]> => {
  const runners: Runner[] = [];
  for (const gateway of gateways) {
    if (bench.missing.has(gateway.name)) continue;
    try {
      const running = await gateway.start({ port: bench.mock.portOf[mode] }, bench.surroundings);
      runners.push({ gateway, running, results: [], requests: 0 });
    } catch (error) {
      if (!(error instanceof Problem) || gateway.ours) {
        await stopAll(runners);
        throw error;
      }
      bench.missing.set(gateway.name, error.said);
      bench.say(`*** NOT MEASURED: ${gateway.name}. ${error.said}`);
    }
  }
  return runners;
};

/** What a router says about the records of the requests it was sent. */
export const recordProblems = async (
  name: string,
  running: RunningGateway,
  requests: number,
): Promise<string[]> => {
  try {
    await running.checkRecords?.(requests);
    return [];
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return [`${name}: ${error.said}`];
  }
};

/**
 * Starts the gateways, warms each up, then gives each one window in every round, in an order that moves on from round
 * to round. After the last the router's records are compared with the requests. Everything is stopped at the end.
 */
export const runRace = async (bench: Bench, race: Race): Promise<RaceResult> => {
  const { pace, load } = bench;
  const runners = await startAll(bench, race);
  const problems: string[] = [];
  const window = async (runner: Runner, traffic: Traffic, time: Window): Promise<LoadResult> => {
    const result = await load.run(runner.running, traffic, time);
    runner.requests += result.total.completed + result.unanswered;
    problems.push(...faultsOf(runner.gateway, result));
    return result;
  };
  const warmUp = async (runner: Runner): Promise<void> => {
    const { bodyBytes, stream } = race.traffic;
    const traffic = { bodyBytes, stream, connections: warmUpConnections, hurry: true };
    for (let times = 0; times < warmUpTimesMax && runner.requests < pace.warmUpRequests; times += 1)
      await window(runner, traffic, { warmSeconds: 0, seconds: pace.warmUpSeconds });
  };
  try {
    for (const runner of runners) await warmUp(runner);
    for (let round = 0; round < pace.rounds; round += 1)
      for (let turn = 0; turn < runners.length; turn += 1) {
        const runner = runners[(round + turn) % runners.length] as Runner;
        const seconds = pace.windowSeconds * (race.windowFactor ?? 1);
        const time = { warmSeconds: pace.leadSeconds + (race.traffic.exchangeSeconds ?? 0), seconds };
        runner.results.push(await window(runner, race.traffic, time));
      }
    for (const { gateway, running, requests } of runners)
      problems.push(...(await recordProblems(gateway.name, running, requests)));
  } finally {
    await stopAll(runners);
  }
  return { rounds: new Map(runners.map(({ gateway, results }) => [gateway.name, results])), problems };
};
