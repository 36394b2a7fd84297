import { describe, expect, it } from '@jest/globals';
import type { LoadResult } from '../programs/load-codec.js';
import { cpuFigures } from './cpu-cell.js';
import { latencyFigures } from './latency-cell.js';
import { faultsOf } from './race.js';

const counts = { completed: 1000, right: 1000, mismatched: 0, refused: 0, failed: 0, other: 0 };
const loadResult = (change: Partial<LoadResult> = {}): LoadResult => ({
  window_ns: 1e9,
  cpu_us: 64_000,
  unsent: 0,
  queued: 0,
  unanswered: 0,
  total: counts,
  window: counts,
  latency_ns: new Map(),
  first_byte_ns: new Map(),
  ...change,
});

describe('cpuFigures', () => {
  const figures = cpuFigures(
    new Map([
      ['lethe', [loadResult(), loadResult({ cpu_us: 90_000 })]],
      ['haproxy', [loadResult({ cpu_us: 32_000 }), loadResult({ cpu_us: 30_000 })]],
    ]),
  );

  it('are microseconds for one request', () => {
    expect(figures['cpu us lethe']).toEqual({ value: 77, min: 64, max: 90, rounds: 2 });
    expect(figures['per second lethe']?.value).toBe(1000);
  });

  it('compare within each round, both ways', () => {
    expect(figures['lethe / haproxy']).toEqual({ value: 2.5, min: 2, max: 3, rounds: 2 });
    expect(figures['haproxy / lethe']?.max).toBe(0.5);
    expect('lethe / lethe' in figures).toBe(false);
  });
});

describe('latencyFigures', () => {
  // Bucket b below 128 holds the duration of b nanoseconds.
  const at = (ns: number) => loadResult({ latency_ns: new Map([[ns, 100]]) });
  const figures = latencyFigures(
    new Map([
      ['direct', [at(9), at(9)]],
      ['haproxy', [at(19), at(29)]],
      ['lethe', [at(29), at(49)]],
    ]),
    'latency_ns',
  );

  it('are what a gateway adds to the way without one', () => {
    expect(figures['p50 added us haproxy']?.min).toBeCloseTo(0.01);
    expect(figures['p50 added us haproxy']?.max).toBeCloseTo(0.02);
  });

  it('are multiples of what haproxy adds', () => {
    expect(figures['p50 lethe / haproxy']?.min).toBeCloseTo(2);
    expect('p50 haproxy / haproxy' in figures).toBe(false);
  });

  it('are no multiples when rounds without a gateway differ by more than haproxy adds', () => {
    const busy = new Map([
      ['direct', [at(9), at(59)]],
      ['haproxy', [at(19), at(69)]],
      ['lethe', [at(29), at(79)]],
    ]);
    expect(Object.keys(latencyFigures(busy, 'latency_ns'))).not.toContain('p50 lethe / haproxy');
  });
});

describe('faultsOf', () => {
  const ours = { name: 'lethe', ours: true as const, start: () => Promise.reject(new Error('not started')) };
  const peer = { name: 'peer', start: ours.start };
  const mismatched = loadResult({ total: { ...counts, right: 999, mismatched: 1 } });

  it('finds nothing in a clean window', () => {
    expect(faultsOf(ours, loadResult())).toEqual([]);
  });

  it('finds other bytes than the provider sent, which only peers may send', () => {
    expect(faultsOf(ours, mismatched)).toHaveLength(1);
    expect(faultsOf(peer, mismatched)).toEqual([]);
  });

  it.each([
    ['refused', loadResult({ total: { ...counts, refused: 1 } })],
    ['another status', loadResult({ total: { ...counts, other: 1 } })],
    ['cut off', loadResult({ total: { ...counts, failed: 1 } })],
    ['without an answer', loadResult({ unanswered: 1 })],
  ])('finds what was %s of anybody', (what, result) => {
    expect(faultsOf(peer, result)).toEqual([expect.stringContaining(what)]);
  });
});
