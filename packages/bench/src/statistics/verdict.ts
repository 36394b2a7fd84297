import type { Floor } from '../floors.js';
import type { Figures, Spread } from './spread.js';

/** PASS, and within the aim too; SHORT of the floor; MISSING: there is no such figure. */
export type Verdict = 'PASS' | 'AIM' | 'SHORT' | 'MISSING';

export interface Judged {
  readonly floor: Floor;
  readonly measured: Spread | undefined;
  readonly verdict: Verdict;
}

const keeps = (value: number, floor: Floor, bound: number): boolean =>
  floor.atMost === undefined ? value >= bound : value <= bound;

/** Holds one figure to its floor. */
export const judge = (floor: Floor, figures: Figures): Judged => {
  const measured = figures[floor.figure];
  const bound = floor.atMost ?? floor.atLeast;
  if (measured === undefined || bound === undefined)
    return { floor, measured: undefined, verdict: 'MISSING' };
  if (!keeps(measured.value, floor, bound)) return { floor, measured, verdict: 'SHORT' };
  const reached = floor.aim !== undefined && keeps(measured.value, floor, floor.aim);
  return { floor, measured, verdict: reached ? 'AIM' : 'PASS' };
};

/** Every floor of the cells that ran, held to what they found; floors that need a peer nobody asked for are left out. */
export const judgeAll = (
  floors: readonly Floor[],
  results: readonly { readonly cell: string; readonly figures: Figures }[],
  peersAsked: readonly string[],
): readonly Judged[] =>
  results.flatMap(({ cell, figures }) =>
    floors
      .filter(
        (floor) => floor.cell === cell && (floor.needs === undefined || peersAsked.includes(floor.needs)),
      )
      .map((floor) => judge(floor, figures)),
  );
