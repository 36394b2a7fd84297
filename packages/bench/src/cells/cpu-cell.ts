import type { Traffic } from '../programs/load.js';
import type { LoadResult } from '../programs/load-codec.js';
import type { MockMode } from '../programs/mock.js';
import { definedFigures, type Figures, ratioOf, type Spread, spreadOf } from '../statistics/spread.js';
import type { Bench, Cell, CellResult } from './cell.js';
import { routerName, routersOf, runRace } from './race.js';

interface CpuCell {
  readonly name: string;
  readonly about: string;
  readonly mode: MockMode;
  readonly traffic: Traffic;
}

/** CPU time of a gateway for one request, microseconds. */
export const cpuOf = (result: LoadResult): number => result.cpu_us / result.window.completed;
const perSecond = (result: LoadResult): number => (result.window.completed * 1e9) / result.window_ns;

/** Figures of a race over CPU: each gateway's own, and how it stands to the router. */
export const cpuFigures = (rounds: ReadonlyMap<string, readonly LoadResult[]>): Figures => {
  const ours = rounds.get(routerName)?.map(cpuOf) ?? [];
  const figures: Record<string, Spread | undefined> = {};
  for (const [name, results] of rounds) {
    const cpu = results.map(cpuOf);
    figures[`cpu us ${name}`] = spreadOf(cpu);
    figures[`per second ${name}`] = spreadOf(results.map(perSecond));
    if (name === routerName) continue;
    figures[`${routerName} / ${name}`] = ratioOf(ours, cpu);
    figures[`${name} / ${routerName}`] = ratioOf(cpu, ours);
  }
  return definedFigures(figures);
};

/** CPU time per request, the router beside its peers. */
export const cpuCell = ({ name, about, mode, traffic }: CpuCell): Cell => ({
  name,
  about,
  run: async (bench: Bench): Promise<CellResult> => {
    const { rounds, problems } = await runRace(bench, {
      gateways: [...routersOf(bench), ...bench.peers],
      mode,
      traffic,
    });
    return { cell: name, figures: cpuFigures(rounds), problems };
  },
});
