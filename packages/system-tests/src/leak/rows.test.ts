import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { repositoryRoot } from '../start-lethe.js';
import { allOutcomes } from './outcomes/all.js';
import { type NamedTest, rows } from './rows.js';

/** Ids that the list of leak paths leaves out. */
const UNUSED = new Set([14, 19, 24, 34, 40, 44, 48, 63]);
const LAST = 68;

/** Whether a file has a test of this title, written as one. */
const has = ([file, title]: NamedTest): boolean => {
  const path = join(repositoryRoot, file);
  if (!existsSync(path)) return false;
  const text = readFileSync(path, 'utf8');
  return [`it('${title}'`, `it(\n    '${title}'`, `)('${title}'`, `)(\n    '${title}'`].some((written) =>
    text.includes(written),
  );
};

describe('every known leak path', () => {
  it('has what covers it, or why it cannot happen', () => {
    const ids = Array.from({ length: LAST }, (_, index) => index + 1)
      .filter((id) => !UNUSED.has(id))
      .map((id) => `L${String(id).padStart(2, '0')}`);
    expect(Object.keys(rows).sort()).toEqual(ids.sort());
    const empty = Object.entries(rows).filter(
      ([, { outcomes, tests, because }]) =>
        outcomes === undefined && tests === undefined && because === undefined,
    );
    expect(empty).toEqual([]);
  });

  it('names tests that are there', () => {
    const named = Object.entries(rows).flatMap(([id, { tests = [] }]) =>
      tests.map((test) => [id, ...test] as const),
    );
    expect(named.filter(([, file, title]) => !has([file, title]))).toEqual([]);
    expect(has(['packages/system-tests/src/leak/rows.test.ts', 'is not there'.repeat(2)])).toBe(false);
  });

  it('names outcomes that the matrix asks', () => {
    const asked = new Set(allOutcomes().map(({ name }) => name));
    const unknown = Object.entries(rows).flatMap(([id, { outcomes = [] }]) =>
      outcomes.filter((name) => !asked.has(name)).map((name) => `${id}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });
});
