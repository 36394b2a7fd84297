import { contentsByPath } from './contents/all.js';
import type { ProfileName } from './manifest.js';
import { allOutcomes } from './outcomes/all.js';
import type { Outcome, Route } from './outcomes/outcome.js';
import { servedRoutes } from './served-routes.js';

/** One cell of the matrix: one request. */
export interface Cell {
  readonly route: Route;
  readonly outcome: Outcome;
  readonly streaming: boolean;
  readonly profile: ProfileName;
}

export const PROFILES: readonly ProfileName[] = ['zdr', 'quiet', 'logging'];

/** What a cell is called in the places of its canaries. */
export const nameOf = ({ route, outcome, streaming }: Cell): string =>
  `${route.content.name} ${outcome.name}${streaming ? ' streamed' : ''}`;

/** Every route that the router serves with its entry. Throws for a route without one. */
export const routesOf = (): Route[] =>
  servedRoutes().map((served) => {
    const content = contentsByPath[served.path];
    if (content === undefined) throw new Error(`${served.path} has no entry in the matrix of leak paths`);
    return { served, content };
  });

/** All that can be asked: route, outcome, stream or not, and key. */
export const wholeMatrix = (): Cell[] =>
  routesOf().flatMap((route) =>
    allOutcomes()
      .filter(({ at }) => at?.(route) ?? true)
      .flatMap((outcome) => {
        const ways = outcome.streams && route.served.streams ? [false, true] : [false];
        return ways.flatMap((streaming) =>
          PROFILES.map((profile) => ({ route, outcome, streaming, profile })),
        );
      }),
  );

const pairsOf = ({ route, outcome, streaming, profile }: Cell): string[] => {
  const factors = [route.content.name, outcome.name, `stream ${streaming}`, profile];
  return factors.flatMap((one, i) => factors.slice(i + 1).map((other) => `${one}\0${other}`));
};

/** What of the pairs of factors in `all` no cell of `chosen` has. */
export const pairsMissed = (all: readonly Cell[], chosen: readonly Cell[]): string[] => {
  const had = new Set(chosen.flatMap(pairsOf));
  return [...new Set(all.flatMap(pairsOf))].filter((pair) => !had.has(pair));
};

/**
 * What every run asks. For the organization with ZDR everything. For the key that does not log as much as it takes for
 * every two factors to meet: each route each outcome, each outcome both ways. The key that logs is the control: what
 * ends well, all of it, and every other outcome and route once.
 */
export const coveringSelection = (all: readonly Cell[]): Cell[] => {
  const of = (profile: ProfileName): Cell[] => all.filter((cell) => cell.profile === profile);
  const control = of('logging');
  const answered = control.filter(({ outcome }) => outcome.answers === true);
  return [
    ...of('zdr'),
    ...cover(of('quiet'), pairsOf),
    ...answered,
    ...cover(
      control.filter((cell) => !answered.includes(cell)),
      (cell) => pairsOf(cell).filter((pair) => pair.endsWith(`\0${cell.profile}`)),
    ),
  ];
};

/** Cells that between them have every pair, taken in an order that begins every other route with its streams. */
const cover = (cells: readonly Cell[], pairs: (cell: Cell) => readonly string[]): Cell[] => {
  const had = new Set<string>();
  const order = cells
    .map((cell, index) => ({ cell, index, late: (routeIndex(cell) % 2 === 0) === cell.streaming }))
    .sort((a, b) => Number(a.late) - Number(b.late) || a.index - b.index);
  return order
    .map(({ cell }) => cell)
    .filter((cell) => {
      const before = had.size;
      for (const pair of pairs(cell)) had.add(pair);
      return had.size > before;
    });
};

const routeIndex = ({ route }: Cell): number => Object.values(contentsByPath).indexOf(route.content);
