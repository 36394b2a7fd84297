import { describe, expect, it } from '@jest/globals';
import { searches } from './matrix.js';
import { readReport } from './read-report.js';
import { asExpected, tableLine } from './table.js';

const report = (line: string, errors: number, states = 120): string => `${line}
(Spin Version 6.5.2 -- 6 December 2019)
Full statespace search for:
State-vector 104 byte, depth reached 98, errors: ${errors}
     ${states} states, stored
`;

describe('a report of the verifier', () => {
  it.each([
    ['no errors', report('', 0)],
    ['assertion violated', report('pan:1: assertion violated  !(returned) (at depth 59)', 1)],
    ['other error', report('pan:1: invalid end state (at depth 30)', 1)],
    ['truncated', report('error: max search depth too small', 0)],
    ['truncated', report('Warning: Search not completed', 0)],
    ['truncated', report('pan: out of memory', 0)],
    ['no report', report('', 0, 0)],
    ['no report', 'spin: syntax error'],
    ['no report', ''],
  ] as const)('%s', (verdict, text) => {
    expect(readReport(text).verdict).toBe(verdict);
  });

  it('gives states and depth', () => {
    expect(readReport(report('', 0))).toEqual({ verdict: 'no errors', states: 120, depth: 98 });
  });

  it('a mutation that stops failing, and one that fails otherwise, are both marked', () => {
    const search = searches.find(({ expected }) => expected === 'assertion violated');
    if (search === undefined) throw new Error('no search must fail');
    for (const verdict of ['no errors', 'other error', 'truncated', 'timed out'] as const) {
      const result = { search, finding: { verdict, states: 1, depth: 1 } };
      expect(asExpected(result)).toBe(false);
      expect(tableLine(result)).toContain('NOT as expected');
    }
  });
});
