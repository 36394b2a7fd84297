import type { CellResult } from '../cells/cell.js';
import type { Spread } from '../statistics/spread.js';

const digits = (value: number): string =>
  value.toFixed(Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2);

/** `3.21 (3.10..3.44)`. */
export const spreadText = ({ value, min, max }: Spread): string =>
  `${digits(value)} (${digits(min)}..${digits(max)})`;

/** The figures of one cell, one a line. */
export const cellText = ({ cell, figures, problems }: CellResult): string =>
  [
    `── ${cell}`,
    ...Object.entries(figures).map(([name, spread]) => `   ${name.padEnd(28)} ${spreadText(spread)}`),
    ...problems.map((problem) => `   *** ${problem}`),
  ].join('\n');
