import type { CellResult } from '../cells/cell.js';
import type { Spread } from '../statistics/spread.js';
import type { Judged } from '../statistics/verdict.js';

export const digits = (value: number): string =>
  value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);

/** `3.21 (3.10..3.44)`; the value alone when there was one round. */
export const spreadText = ({ value, min, max, rounds }: Spread): string =>
  rounds === 1 ? digits(value) : `${digits(value)} (${digits(min)}..${digits(max)})`;

/** The figures of one cell, one a line. */
export const cellText = ({ cell, figures, problems }: CellResult): string =>
  [
    `── ${cell}`,
    ...Object.entries(figures).map(([name, spread]) => `   ${name.padEnd(28)} ${spreadText(spread)}`),
    ...problems.map((problem) => `   *** ${problem}`),
  ].join('\n');

export const boundText = ({ floor }: Judged): string =>
  floor.atMost === undefined ? `>= ${floor.atLeast}` : `<= ${floor.atMost}`;

/** One line for each floor. */
export const verdictText = (judged: readonly Judged[]): string =>
  judged
    .map((each) =>
      [
        each.verdict.padEnd(8),
        each.floor.cell.padEnd(12),
        each.floor.figure.padEnd(22),
        boundText(each).padEnd(10),
        each.measured === undefined ? 'not measured' : spreadText(each.measured),
      ].join(' '),
    )
    .join('\n');
