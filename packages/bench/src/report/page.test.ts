import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { repositoryRoot } from '../places.js';
import { Problem } from '../problem.js';
import { renewPage, resultsPage } from './page.js';
import type { BenchResults } from './results.js';
import { decodeResults, encodeResults } from './results-codec.js';

const spread = (value: number) => ({ value, min: value - 1, max: value + 1, rounds: 5 });
const results: BenchResults = {
  measuredAt: '2026-11-22T05:00:00.000Z',
  quick: false,
  machine: { cpu: 'Some CPU', cores: 2, memoryGb: 24, kernel: '6.18.0', node: '20.20.2', loadBefore: 0.1 },
  versions: { haproxy: '2.6.12' },
  peersAsked: ['haproxy', 'portkey'],
  missing: { portkey: 'it could not be installed\nbecause of more than one line' },
  cells: [
    { cell: '1kb', figures: { 'cpu us lethe': spread(65), 'lethe / haproxy': spread(4.5) }, problems: [] },
    { cell: 'memory', figures: { 'MB lethe': spread(100) }, problems: ['something went wrong'] },
  ],
};
const marks = [
  '<!-- What follows is written from the results of the bench. -->',
  '<!-- Here the written part ends. -->',
] as const;

describe('the page', () => {
  const page = resultsPage(results);

  it('shows each floor with what was measured, short ones as short', () => {
    expect(page).toContain('| 1kb | lethe / haproxy | <= 4 | 2 | 4.50 (3.50..5.50) | SHORT |');
    expect(page).toContain('| 1kb | portkey / lethe | >= 12 |  | not measured | MISSING |');
    expect(page).toContain('| memory | MB lethe | <= 130 | 90 | 100 (99.0..101) | PASS |');
  });

  it('says what is missing and what went wrong, a line each', () => {
    expect(page).toContain('* portkey: it could not be installed\n');
    expect(page).toContain('* memory: something went wrong');
  });

  it('replaces the written part alone', () => {
    const whole = `before\n${marks[0]}\nold\n${marks[1]}\nafter\n`;
    const renewed = renewPage(whole, results);
    expect(renewed).not.toContain('\nold\n');
    expect(renewed.startsWith(`before\n${marks[0]}`)).toBe(true);
    expect(renewed.endsWith(`${marks[1]}\nafter\n`)).toBe(true);
    expect(renewPage(renewed, results)).toBe(renewed);
  });

  it('is not written into a page without its marks', () => {
    expect(() => renewPage('nothing', results)).toThrow(Problem);
  });
});

describe('results as JSON', () => {
  it('come back as they were', () => {
    expect(decodeResults(encodeResults(results))).toEqual(results);
  });

  it.each(['{', '{}', '[]'])('are not %p', (text) => {
    expect(() => decodeResults(text)).toThrow(Problem);
  });
});

it('docs/performance.md says what packages/bench/results.json does', () => {
  const [page, json] = [
    ['docs', 'performance.md'],
    ['packages', 'bench', 'results.json'],
  ].map((path) => join(repositoryRoot, ...path)) as [string, string];
  const text = readFileSync(page, 'utf8');
  expect(renewPage(text, decodeResults(readFileSync(json, 'utf8')))).toBe(text);
});
