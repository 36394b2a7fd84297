import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ScratchCopy } from '../leak/scratch-copy.js';
import { repositoryRoot } from '../start-lethe.js';
import { printFigures } from '../support/figures.js';
import { brokenRules } from './patches.js';

// Each rule is broken in a scratch copy of the source, and the test that guards it must go red. No switch in the
// product can do this: what is built is searched for one.

const guards = [...new Set(brokenRules.map(({ guard }) => guard))];

describe('a broken rule is noticed', () => {
  let scratch: ScratchCopy;
  let red = 0;
  beforeAll(() => {
    scratch = new ScratchCopy();
  }, 60_000);
  afterAll(() => {
    scratch?.remove();
    printFigures('broken rules', { patches: brokenRules.length, 'gone red': red });
  });

  it('the guards are green while none is broken', () => {
    const { passed, failed, red: failing } = scratch.runTests(guards);
    expect({ failed, failing }).toEqual({ failed: 0, failing: [] });
    expect(passed).toBeGreaterThan(guards.length);
  }, 240_000);

  it.each(brokenRules.map((rule) => [rule.name, rule] as const))(
    '%s turns its guard red',
    (name, { edits, guard }) => {
      const undo = edits.map((edit) => scratch.apply({ name, ...edit }));
      const { passed, failed, red: failing } = scratch.runTests([guard]);
      for (const each of undo.reverse()) each();
      expect([name, failing, failed > 0, passed > 0]).toEqual([name, [guard], true, true]);
      red += 1;
    },
    120_000,
  );
});

describe('what is built', () => {
  const builtFiles = (kind: 'apps' | 'packages', name: string): string[] => {
    const dist = join(repositoryRoot, kind, name, 'dist');
    if (!existsSync(dist)) return [];
    return readdirSync(dist, { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(?:js|sql|json)$/.test(path))
      .map((path) => join(dist, path));
  };
  const withSwitch = (files: readonly string[]): string[] =>
    files.filter((file) => /\bBUG_[A-Z]|\b(?:SABOTAGE|CHAOS)_[A-Z]/.test(readFileSync(file, 'utf8')));

  it('has no switch that breaks a rule', () => {
    const apps = readdirSync(join(repositoryRoot, 'apps')).map((name) => builtFiles('apps', name));
    const packages = readdirSync(join(repositoryRoot, 'packages'))
      .filter((name) => name !== 'system-tests')
      .map((name) => builtFiles('packages', name));
    const files = [...apps, ...packages].flat();
    expect(files.length).toBeGreaterThan(100);
    expect(withSwitch(files)).toEqual([]);
  });

  it('is searched by a check that finds one', () => {
    expect(withSwitch(builtFiles('packages', 'system-tests')).length).toBeGreaterThan(0);
  });
});
