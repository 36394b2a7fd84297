import type { FieldSink, GrammarWalk } from './grammar-walk.js';
import { ScalarWalk } from './scalar/scalar-walk.js';
import { isEqualToScalar, skimsAsScalar } from './self-test.js';
import { type Machine, openMachine } from './simd/machine.js';
import { SimdWalk, simdNestingMax } from './simd/simd-walk.js';

export type GrammarWalkMaker = (fields: FieldSink, nestingMax: number) => GrammarWalk;

export const scalarWalk: GrammarWalkMaker = (fields, nestingMax) => new ScalarWalk(fields, nestingMax);

/** Walks in the compiled engine; deeper nesting than it has room for is left to the other one. */
export const simdWalk =
  (machine: Machine): GrammarWalkMaker =>
  (fields, nestingMax) =>
    nestingMax > simdNestingMax
      ? new ScalarWalk(fields, nestingMax)
      : new SimdWalk(machine, fields, nestingMax);

/** The compiled engine, when this process can run it and it passes the self-test; undefined otherwise. */
export const openTestedMachine = (open: () => Machine = openMachine): Machine | undefined => {
  try {
    const machine = open();
    return isEqualToScalar(simdWalk(machine), scalarWalk) && skimsAsScalar(machine) ? machine : undefined;
  } catch {
    return undefined;
  }
};

export const machine = openTestedMachine();

/** Which engine scans in this process; `javascript` is several times slower, and otherwise the same. */
export const scannerEngine: 'wasm' | 'javascript' = machine === undefined ? 'javascript' : 'wasm';

export const makeWalk: GrammarWalkMaker = machine === undefined ? scalarWalk : simdWalk(machine);
