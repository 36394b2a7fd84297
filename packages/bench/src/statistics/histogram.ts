/** Durations in nanoseconds by bucket, as the load generator counts them (native/histogram.h). */
export type Histogram = ReadonlyMap<number, number>;

const bucketBits = 7;
const perPower = 1 << bucketBits;

/** The smallest duration of a bucket and the width of the bucket, nanoseconds. */
export const bucketRange = (bucket: number): { readonly from: number; readonly width: number } => {
  if (bucket < perPower) return { from: bucket, width: 1 };
  const shift = Math.floor(bucket / perPower) - 1;
  const width = 2 ** shift;
  return { from: (perPower + (bucket % perPower)) * width, width };
};

export const mergeHistograms = (histograms: readonly Histogram[]): Histogram => {
  const merged = new Map<number, number>();
  for (const histogram of histograms)
    for (const [bucket, count] of histogram) merged.set(bucket, (merged.get(bucket) ?? 0) + count);
  return merged;
};

export const countOf = (histogram: Histogram): number => {
  let count = 0;
  for (const inBucket of histogram.values()) count += inBucket;
  return count;
};

/** The duration in nanoseconds that a share of all stays below (0.5: the median), interpolated; NaN when empty. */
export const quantile = (histogram: Histogram, share: number): number => {
  const wanted = share * countOf(histogram);
  let seen = 0;
  for (const bucket of [...histogram.keys()].sort((a, b) => a - b)) {
    const count = histogram.get(bucket) ?? 0;
    if (seen + count >= wanted) {
      const { from, width } = bucketRange(bucket);
      return from + (width * (wanted - seen)) / count;
    }
    seen += count;
  }
  return Number.NaN;
};
