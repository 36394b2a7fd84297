/** One figure of a run: its value, and the least and the most that single rounds came to. */
export interface Spread {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

const medianOf = (sorted: readonly number[]): number => {
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
};

/**
 * The median of the rounds, or `value` where that comes from all rounds together, with their spread. Undefined without
 * rounds, and when one of them is no finite number.
 */
export const spreadOf = (rounds: readonly number[], value?: number): Spread | undefined => {
  if (rounds.length === 0 || ![...rounds, value ?? 0].every(Number.isFinite)) return undefined;
  const sorted = [...rounds].sort((a, b) => a - b);
  return {
    value: value ?? medianOf(sorted),
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
    rounds: rounds.length,
  };
};

/** The ratio round by round: what disturbed one round disturbed both sides of it. */
export const ratioOf = (over: readonly number[], under: readonly number[]): Spread | undefined =>
  over.length === under.length
    ? spreadOf(over.map((value, round) => value / (under[round] ?? Number.NaN)))
    : undefined;

/** Figures by name; what could not be computed is left out. */
export type Figures = Readonly<Record<string, Spread>>;

export const definedFigures = (figures: Readonly<Record<string, Spread | undefined>>): Figures =>
  Object.fromEntries(
    Object.entries(figures).filter((entry): entry is [string, Spread] => entry[1] !== undefined),
  );
