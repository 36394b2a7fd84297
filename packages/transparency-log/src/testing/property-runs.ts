/** How often a property is tried: a fixed seed each time, thirty times as often with LETHE_LONG=1. */
export const propertyRuns = (runs: number): { seed: number; numRuns: number } => ({
  seed: 20_261_122,
  numRuns: process.env.LETHE_LONG === '1' ? runs * 30 : runs,
});
