import type { Gateway } from '../gateways/gateway.js';
import type { Traffic } from '../programs/load.js';
import type { Bench, Cell } from './cell.js';
import { cpuFigures } from './cpu-cell.js';
import { routerName, runRace } from './race.js';

interface RatioCell {
  readonly name: string;
  readonly about: string;
  readonly traffic: Traffic;
  /** Routers of the same checkout; the one named as usual is what the others are compared with. */
  readonly routers: (bench: Bench) => readonly Gateway[];
}

/** CPU per request of the router in one condition, as a multiple of that in another. */
export const ratioCell = ({ name, about, traffic, routers }: RatioCell): Cell => ({
  name,
  about,
  run: async (bench) => {
    const { rounds, problems } = await runRace(bench, { gateways: routers(bench), mode: 'json', traffic });
    const figures = Object.entries(cpuFigures(rounds)).filter(
      ([figure]) => !figure.startsWith(`${routerName} / `),
    );
    return { cell: name, figures: Object.fromEntries(figures), problems };
  },
});
