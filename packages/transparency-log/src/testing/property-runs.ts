import { jest } from '@jest/globals';

const isLong = process.env.LETHE_LONG === '1';
// For every test file that tries properties: the machine may be busy, and the long form takes its time.
jest.setTimeout(isLong ? 1_800_000 : 90_000);

/** How often a property is tried: a fixed seed each time, thirty times as often with LETHE_LONG=1. */
export const propertyRuns = (runs: number): { seed: number; numRuns: number } => ({
  seed: 20_261_122,
  numRuns: isLong ? runs * 30 : runs,
});
