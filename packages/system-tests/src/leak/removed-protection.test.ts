import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { printFigures } from '../support/figures.js';
import { guardedPatches } from './patches.js';
import { ScratchCopy } from './scratch-copy.js';

// Each layer's guard is shown to bite: a patch in a scratch copy of the source removes the protection, and the test
// that guards it must go red. Nothing in the product can be switched to do this.

const guards = [...new Set(guardedPatches.map(({ guard }) => guard))];

describe('a removed protection is noticed', () => {
  let scratch: ScratchCopy;
  const red: string[] = [];
  beforeAll(() => {
    scratch = new ScratchCopy();
  }, 60_000);
  afterAll(() => {
    scratch?.remove();
    printFigures('removed protection', { patches: guardedPatches.length, 'gone red': red.length });
  });

  it('the guards are green while nothing is removed', () => {
    const { passed, failed, red: failing } = scratch.runTests(guards);
    expect({ failed, failing }).toEqual({ failed: 0, failing: [] });
    expect(passed).toBeGreaterThan(guards.length);
  }, 240_000);

  it.each(guardedPatches.map((patch) => [patch.name, patch] as const))(
    '%s turns its guard red',
    (name, patch) => {
      const undo = scratch.apply(patch);
      const { passed, failed, red: failing } = scratch.runTests([patch.guard]);
      undo();
      expect([name, failing, failed > 0, passed > 0]).toEqual([name, [patch.guard], true, true]);
      red.push(name);
    },
    120_000,
  );
});
