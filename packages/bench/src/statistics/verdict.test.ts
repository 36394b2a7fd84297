import { describe, expect, it } from '@jest/globals';
import { cells } from '../cells/all.js';
import { type Floor, floors } from '../floors.js';
import { peers } from '../gateways/all.js';
import { spreadOf } from './spread.js';
import { judge, judgeAll } from './verdict.js';

const figures = (value: number) => ({ f: { value, min: value, max: value, rounds: 1 } });
const atMost: Floor = { cell: 'c', figure: 'f', atMost: 4, aim: 2 };
const atLeast: Floor = { cell: 'c', figure: 'f', atLeast: 12 };

describe('judge', () => {
  it.each([
    [atMost, 4.01, 'SHORT'],
    [atMost, 4, 'PASS'],
    [atMost, 2, 'AIM'],
    [atLeast, 11.9, 'SHORT'],
    [atLeast, 12, 'PASS'],
  ])('%j of %p', (floor, value, verdict) => {
    expect(judge(floor, figures(value)).verdict).toBe(verdict);
  });

  it('misses a figure that is not there', () => {
    expect(judge(atMost, {}).verdict).toBe('MISSING');
  });
});

describe('judgeAll', () => {
  const results = [{ cell: 'c', figures: figures(5) }];

  it('holds only cells that ran to their floors', () => {
    const elsewhere: Floor = { cell: 'other', figure: 'f', atMost: 1 };
    expect(judgeAll([atMost, elsewhere], results, []).map(({ verdict }) => verdict)).toEqual(['SHORT']);
  });

  it('leaves a floor out when nobody asked for its peer, and misses it when somebody did', () => {
    const needsPeer: Floor = { cell: 'c', figure: 'g', atMost: 1, needs: 'haproxy' };
    expect(judgeAll([needsPeer], results, [])).toEqual([]);
    expect(judgeAll([needsPeer], results, ['haproxy']).map(({ verdict }) => verdict)).toEqual(['MISSING']);
  });
});

describe('floors', () => {
  it('are of cells that exist, need peers that exist, and bound one side', () => {
    const cellNames = cells.map(({ name }) => name);
    const peerNames = peers.map(({ name }) => name);
    for (const floor of floors) {
      expect(cellNames).toContain(floor.cell);
      if (floor.needs !== undefined) expect(peerNames).toContain(floor.needs);
      expect([floor.atMost, floor.atLeast].filter((bound) => bound !== undefined)).toHaveLength(1);
    }
  });

  it('would notice a router as slow as it must not be', () => {
    const slow = { 'lethe / haproxy': { ...(spreadOf([4.5]) as NonNullable<ReturnType<typeof spreadOf>>) } };
    const judged = judgeAll(floors, [{ cell: '1kb', figures: slow }], ['haproxy']);
    expect(judged.map(({ verdict }) => verdict)).toEqual(['SHORT']);
  });
});
