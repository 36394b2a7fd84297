import { describe, expect, it } from '@jest/globals';
import { definedFigures, ratioOf, spreadOf } from './spread.js';

describe('spreadOf', () => {
  it('is the median between the least and the most', () => {
    expect(spreadOf([3, 1, 2])).toEqual({ value: 2, min: 1, max: 3, rounds: 3 });
    expect(spreadOf([4, 1, 2, 3])).toEqual({ value: 2.5, min: 1, max: 4, rounds: 4 });
  });

  it('takes a value that comes from all rounds together', () => {
    expect(spreadOf([1, 3], 2.9)).toEqual({ value: 2.9, min: 1, max: 3, rounds: 2 });
  });

  it('is undefined without rounds, and with one that is no number', () => {
    expect(spreadOf([])).toBeUndefined();
    expect(spreadOf([1, Number.NaN])).toBeUndefined();
    expect(spreadOf([1, Number.POSITIVE_INFINITY])).toBeUndefined();
  });
});

describe('ratioOf', () => {
  it('compares round by round, so that a slow round of both counts as none', () => {
    expect(ratioOf([20, 200, 22], [10, 100, 10])).toEqual({ value: 2, min: 2, max: 2.2, rounds: 3 });
  });

  it('is undefined when one side was not measured', () => {
    expect(ratioOf([1], [])).toBeUndefined();
    expect(ratioOf([1], [0])).toBeUndefined();
  });
});

it('definedFigures leaves out what could not be computed', () => {
  expect(definedFigures({ a: spreadOf([1]), b: spreadOf([]) })).toEqual({ a: spreadOf([1]) });
});
