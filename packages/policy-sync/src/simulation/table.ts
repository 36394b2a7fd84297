import { simulate } from './simulate.js';
import type { SimulationOptions, SimulationOutcome } from './world.js';

export interface Row {
  readonly seeds: number;
  readonly writes: number;
  readonly lateWrites: number;
  readonly enabled: number;
  readonly enableMsMax: number;
  readonly acknowledged: number;
  readonly lapsed: number;
  readonly resumed: number;
  readonly leaseLapses: number;
  readonly steps: number;
  readonly breaches: ReadonlyMap<string, number>;
  /** The first seed of each breach, to run it again. */
  readonly seedOf: ReadonlyMap<string, number>;
}

const add = (row: Row, outcome: SimulationOutcome): Row => {
  const breaches = new Map(row.breaches);
  const seedOf = new Map(row.seedOf);
  for (const [name, times] of outcome.breaches) {
    breaches.set(name, (breaches.get(name) ?? 0) + times);
    if (!seedOf.has(name)) seedOf.set(name, outcome.seed);
  }
  return {
    seeds: row.seeds + 1,
    writes: row.writes + outcome.writes,
    lateWrites: row.lateWrites + outcome.lateWrites,
    enabled: row.enabled + outcome.enableMs.length,
    enableMsMax: Math.max(row.enableMsMax, ...outcome.enableMs),
    acknowledged: row.acknowledged + outcome.acknowledged,
    lapsed: row.lapsed + outcome.lapsed,
    resumed: row.resumed + outcome.resumed,
    leaseLapses: row.leaseLapses + outcome.leaseLapses,
    steps: row.steps + outcome.steps,
    breaches,
    seedOf,
  };
};

/** Runs seeds 1 to `seeds` and sums up. */
export const runSeeds = (seeds: number, options: Omit<SimulationOptions, 'seed'>): Row => {
  let row: Row = {
    seeds: 0,
    writes: 0,
    lateWrites: 0,
    enabled: 0,
    enableMsMax: 0,
    acknowledged: 0,
    lapsed: 0,
    resumed: 0,
    leaseLapses: 0,
    steps: 0,
    breaches: new Map(),
    seedOf: new Map(),
  };
  for (let seed = 1; seed <= seeds; seed += 1) row = add(row, simulate({ ...options, seed }));
  return row;
};

/** Whether a row shows what is promised: nothing late, no invariant broken, every EnableZDR within its bound. */
export const held = (row: Row): boolean =>
  row.lateWrites === 0 && row.breaches.size === 0 && row.enabled >= row.seeds && row.writes > 100 * row.seeds;

const head =
  'run                          seeds    writes   late  max EnableZDR  acked  lapsed  resumed  invariants broken';

const line = (name: string, row: Row): string => {
  const broken = [...row.breaches]
    .map(([what, times]) => `${what} x${times} (seed ${row.seedOf.get(what)})`)
    .join(', ');
  return [
    name.padEnd(28),
    `${row.seeds}`.padStart(5),
    `${row.writes}`.padStart(9),
    `${row.lateWrites}`.padStart(6),
    `${Math.ceil(row.enableMsMax)} ms`.padStart(14),
    `${row.acknowledged}`.padStart(6),
    `${row.lapsed}`.padStart(7),
    `${row.resumed}`.padStart(8),
    ` ${broken === '' ? 'none' : broken}`,
  ].join(' ');
};

/** The table of `npm run simulate`, and whether everything promised held. Throws RangeError for bad numbers. */
export const runTable = (seeds: number, drift: number): { text: string; held: boolean } => {
  if (!Number.isSafeInteger(seeds) || seeds < 1 || seeds > 1e6) throw new RangeError('seeds: 1 to 1000000');
  const safety = runSeeds(seeds, { drift, mode: 'safety' });
  const liveness = runSeeds(seeds, { drift, mode: 'liveness' });
  const frozen = runSeeds(Math.ceil(seeds / 3), { drift, mode: 'safety', freezeBeforeWrite: true });
  const lines = [
    head,
    line('safety', safety),
    line('liveness', liveness),
    line('frozen before the write *', frozen),
    '',
    '* late writes (and I4) are expected here: no lease stops a process that freezes between its check and its',
    '  write. What keeps such a write from becoming readable is the fence in accounting and the destroyed key.',
    `${safety.steps + liveness.steps + frozen.steps} steps of the protocol, clocks differ by up to ${drift * 100} %`,
    '',
  ];
  const proper = held(safety) && held(liveness) && frozen.lateWrites > 0;
  lines.push(`${proper ? 'held' : 'NOT held'}: ${safety.lateWrites + liveness.lateWrites} late writes`, '');
  return { text: lines.join('\n'), held: proper };
};
