import { describe, expect, it } from '@jest/globals';
import { isLeaseTtl, leaseTiming } from './timing.js';

describe('times follow from the lease term', () => {
  it('of ten seconds', () => {
    expect(leaseTiming(10_000)).toEqual({
      leaseTtlMs: 10_000,
      renewEveryMs: 3000,
      routerTermMs: 8500,
      flushTimeoutMs: 2000,
      lapseAfterMs: 11_000,
    });
  });

  it.each([500, 1000, 10_000, 60_000])(
    'a router at the slowest rate is closed before an observer at the fastest calls it lapsed: %d ms',
    (leaseTtlMs) => {
      const { routerTermMs, lapseAfterMs } = leaseTiming(leaseTtlMs);
      expect(routerTermMs / 0.9).toBeLessThan(leaseTtlMs);
      expect(lapseAfterMs / 1.1).toBeGreaterThanOrEqual(leaseTtlMs - 1e-6);
    },
  );

  it.each([0, -1, 499, 60_001, 1000.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses a term of %d',
    (ms) => {
      expect(isLeaseTtl(ms)).toBe(false);
      expect(() => leaseTiming(ms)).toThrow(RangeError);
    },
  );
});
