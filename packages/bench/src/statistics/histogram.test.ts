import { describe, expect, it } from '@jest/globals';
import { bucketRange, countOf, type Histogram, mergeHistograms, quantile } from './histogram.js';

/** The bucket the load generator counts a duration in, written a second time and differently. */
const bucketOf = (ns: number): number => {
  if (ns < 128) return ns;
  const shift = Math.floor(Math.log2(ns)) - 7;
  return (shift + 1) * 128 + (Math.floor(ns / 2 ** shift) % 128);
};
const histogramOf = (durations: readonly number[]): Histogram =>
  mergeHistograms(durations.map((ns) => new Map([[bucketOf(ns), 1]])));

describe('buckets', () => {
  it('lie side by side without a gap, less than one per cent wide', () => {
    let end = 0;
    for (let bucket = 0; bucket < 5000; bucket += 1) {
      const { from, width } = bucketRange(bucket);
      expect(from).toBe(end);
      expect(width / Math.max(from, 128)).toBeLessThan(0.01);
      end = from + width;
    }
  });

  it('hold the durations that are counted in them', () => {
    for (const ns of [0, 1, 127, 128, 129, 255, 256, 1000, 123_456, 987_654_321, 5_000_000_000]) {
      const { from, width } = bucketRange(bucketOf(ns));
      expect(ns).toBeGreaterThanOrEqual(from);
      expect(ns).toBeLessThan(from + width);
    }
  });
});

describe('quantile', () => {
  const evenly = histogramOf(Array.from({ length: 10_000 }, (_, index) => (index + 1) * 1000));

  it.each([
    [0.5, 5_000_000],
    [0.9, 9_000_000],
    [0.99, 9_900_000],
  ])('%p of an even spread', (share, expected) => {
    expect(Math.abs(quantile(evenly, share) / expected - 1)).toBeLessThan(0.01);
  });

  it('follows a tail that one in fifty falls into', () => {
    const tailed = mergeHistograms([
      histogramOf(Array.from({ length: 98 }, () => 1000)),
      histogramOf([90_000, 90_000]),
    ]);
    expect(quantile(tailed, 0.5)).toBeLessThan(1100);
    expect(quantile(tailed, 0.99)).toBeGreaterThan(89_000);
  });

  it('is no number when nothing was counted', () => {
    expect(quantile(new Map(), 0.5)).toBeNaN();
  });
});

describe('mergeHistograms', () => {
  it('adds what fell into the same bucket', () => {
    const merged = mergeHistograms([
      new Map([[5, 2]]),
      new Map([
        [5, 3],
        [9, 1],
      ]),
      new Map(),
    ]);
    expect([...merged]).toEqual([
      [5, 5],
      [9, 1],
    ]);
    expect(countOf(merged)).toBe(6);
  });
});
