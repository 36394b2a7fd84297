import type { Search } from './matrix.js';
import type { Finding } from './read-report.js';

export interface Result {
  readonly search: Search;
  readonly finding: Finding;
}

export const asExpected = ({ search, finding }: Result): boolean => finding.verdict === search.expected;

export const tableHead = [
  'search'.padEnd(42),
  'expected'.padEnd(19),
  'got'.padEnd(19),
  'states'.padStart(9),
  'depth'.padStart(7),
].join(' ');

/** One line of the table of `npm run model`. */
export const tableLine = (result: Result): string => {
  const { search, finding } = result;
  return [
    search.name.padEnd(42),
    search.expected.padEnd(19),
    finding.verdict.padEnd(19),
    `${finding.states}`.padStart(9),
    `${finding.depth}`.padStart(7),
    asExpected(result) ? '' : '  <-- NOT as expected',
  ].join(' ');
};
