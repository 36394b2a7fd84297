/** One figure over the rounds of a run. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

const medianOf = (sorted: readonly number[]): number => {
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
};

/** Median and spread; undefined without values, and when one of them is no finite number. */
export const spreadOf = (values: readonly number[]): Spread | undefined => {
  if (values.length === 0 || !values.every(Number.isFinite)) return undefined;
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: medianOf(sorted),
    min: sorted[0] ?? Number.NaN,
    max: sorted[sorted.length - 1] ?? Number.NaN,
    rounds: values.length,
  };
};

/** The ratio round by round: what disturbed one round disturbed both sides of it. */
export const ratioOf = (over: readonly number[], under: readonly number[]): Spread | undefined =>
  over.length === under.length
    ? spreadOf(over.map((value, round) => value / (under[round] ?? Number.NaN)))
    : undefined;
