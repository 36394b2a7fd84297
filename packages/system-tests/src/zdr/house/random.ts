/** Chance that a seed repeats: numbers from 0 up to 1. */
export const randomBy = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** The seed of this run: from the environment, to repeat one, or by the clock. */
export const runSeed = (): number => Number(process.env.LETHE_SEED ?? Date.now() % 1_000_000);
