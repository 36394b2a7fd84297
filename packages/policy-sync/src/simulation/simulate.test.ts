import { describe, expect, it } from '@jest/globals';
import { simulate } from './simulate.js';
import { held, runSeeds, runTable } from './table.js';

const seeds = process.env.LETHE_LONG === '1' ? 3000 : 300;
const timeoutMs = process.env.LETHE_LONG === '1' ? 1_800_000 : 240_000;

describe('the protocol under simulation', () => {
  it(
    `safety, clocks 10 % apart, ${seeds} seeds: nothing late, every invariant, the bound held`,
    () => {
      const row = runSeeds(seeds, { drift: 0.1, mode: 'safety' });
      expect([row.lateWrites, [...row.breaches]]).toEqual([0, []]);
      expect(row.enabled).toBeGreaterThanOrEqual(seeds);
      // The faults were really there.
      expect(row.writes).toBeGreaterThan(100 * seeds);
      for (const count of [row.acknowledged, row.lapsed, row.resumed, row.leaseLapses])
        expect(count).toBeGreaterThan(seeds / 4);
    },
    timeoutMs,
  );

  it(
    `safety, clocks 1 % apart: EnableZDR is bounded by the lease`,
    () => {
      const row = runSeeds(seeds / 5, { drift: 0.01, mode: 'safety' });
      expect(held(row)).toBe(true);
      expect(row.enableMsMax).toBeLessThan(12_300);
    },
    timeoutMs,
  );

  it(
    'liveness: once all is well, EnableZDR returns quickly, and payload of others is kept again',
    () => {
      const row = runSeeds(seeds / 3, { drift: 0.1, mode: 'liveness' });
      expect([row.lateWrites, [...row.breaches]]).toEqual([0, []]);
      expect(row.enableMsMax).toBeLessThan(2000);
    },
    timeoutMs,
  );

  it('a process that freezes between its check and its write is late, as no lease can prevent', () => {
    const row = runSeeds(20, { drift: 0.1, mode: 'safety', freezeBeforeWrite: true });
    expect(row.lateWrites).toBeGreaterThan(0);
    expect([...row.breaches.keys()]).toEqual(['I4']);
  });

  it('one seed, one run', () => {
    const options = { seed: 7, drift: 0.1, mode: 'safety' } as const;
    expect(simulate(options)).toEqual(simulate(options));
    expect(simulate(options)).not.toEqual(simulate({ ...options, seed: 8 }));
  });

  it('the table says whether it held, and refuses numbers that mean nothing', () => {
    expect(runTable(6, 0.1)).toEqual({ text: expect.stringContaining('held: 0 late writes'), held: true });
    expect(() => runTable(Number.NaN, 0.1)).toThrow(RangeError);
    expect(() => runTable(1, 2)).toThrow(RangeError);
  });
});
