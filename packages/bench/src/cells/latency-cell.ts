import { direct } from '../gateways/direct.js';
import type { Traffic } from '../programs/load.js';
import type { LoadResult } from '../programs/load-codec.js';
import type { MockMode } from '../programs/mock.js';
import { mergeHistograms, quantile } from '../statistics/histogram.js';
import { definedFigures, type Figures, type Spread, spreadOf } from '../statistics/spread.js';
import type { Cell } from './cell.js';
import { routerName, routersOf, runRace } from './race.js';

interface LatencyCell {
  readonly name: string;
  readonly about: string;
  readonly mode: MockMode;
  readonly traffic: Traffic;
  readonly windowFactor: number;
  /** The whole answer, or the first byte of its body. */
  readonly until: 'latency_ns' | 'first_byte_ns';
}

const shares = { p50: 0.5, p99: 0.99 } as const;
const floorName = 'haproxy';

/** Microseconds at a share: in each round, and in all rounds together. */
const timesOf = (
  results: readonly LoadResult[],
  until: LatencyCell['until'],
  share: number,
): readonly number[] => {
  const histograms = results.map((result) => result[until]);
  return [mergeHistograms(histograms), ...histograms].map((histogram) => quantile(histogram, share) / 1000);
};

const minus = (times: readonly number[], base: readonly number[]): number[] =>
  times.map((time, index) => time - (base[index] ?? Number.NaN));
const over = (times: readonly number[], base: readonly number[]): number[] =>
  times.map((time, index) => time / (base[index] ?? Number.NaN));
const spread = ([all, ...rounds]: readonly number[]): Spread | undefined => spreadOf(rounds, all);

/** How much rounds without a gateway differ: less than that cannot be told apart. */
const noiseOf = ([, ...rounds]: readonly number[]): number => Math.max(...rounds) - Math.min(...rounds);

/**
 * What each gateway adds to the way without one, and that as a multiple of what haproxy adds; the multiple is left out
 * when the machine was so busy that rounds without a gateway differ by more than haproxy adds.
 */
export const latencyFigures = (
  rounds: ReadonlyMap<string, readonly LoadResult[]>,
  until: LatencyCell['until'],
): Figures => {
  const figures: Record<string, Spread | undefined> = {};
  for (const [shareName, share] of Object.entries(shares)) {
    const base = timesOf(rounds.get(direct.name) ?? [], until, share);
    figures[`${shareName} us ${direct.name}`] = spread(base);
    const added = new Map(
      [...rounds]
        .filter(([name]) => name !== direct.name)
        .map(([name, results]) => [name, minus(timesOf(results, until, share), base)]),
    );
    const floor = added.get(floorName);
    const measurable = floor !== undefined && noiseOf(base) < (floor[0] ?? 0);
    for (const [name, times] of added) {
      figures[`${shareName} added us ${name}`] = spread(times);
      if (measurable && name !== floorName)
        figures[`${shareName} ${name} / ${floorName}`] = spread(over(times, floor));
    }
  }
  return definedFigures(figures);
};

/** Added latency at a fixed rate, counted from the moment a request falls due. */
export const latencyCell = ({ name, about, mode, traffic, windowFactor, until }: LatencyCell): Cell => ({
  name,
  about,
  run: async (bench) => {
    const gateways = [direct, ...routersOf(bench), ...bench.peers];
    const { rounds, problems } = await runRace(bench, { gateways, mode, traffic, windowFactor });
    const figures = latencyFigures(rounds, until);
    const asked = bench.peers.some((peer) => peer.name === floorName) && !bench.missing.has(floorName);
    const untold = Object.keys(shares).filter(
      (share) => asked && !(`${share} ${routerName} / ${floorName}` in figures),
    );
    const busy = untold.map(
      (share) =>
        `the machine was too busy to tell the ${share}: rounds without a gateway differ by more than ${floorName} adds`,
    );
    return { cell: name, figures, problems: [...problems, ...busy] };
  },
});
