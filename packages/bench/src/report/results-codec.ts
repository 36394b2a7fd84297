import { z } from 'zod';
import { Problem } from '../problem.js';
import type { BenchResults } from './results.js';

const spreadSchema = z.object({ value: z.number(), min: z.number(), max: z.number(), rounds: z.number() });
const resultsSchema = z.object({
  measuredAt: z.string(),
  quick: z.boolean(),
  machine: z.object({
    cpu: z.string(),
    cores: z.number(),
    memoryGb: z.number(),
    kernel: z.string(),
    node: z.string(),
    loadBefore: z.number(),
  }),
  versions: z.record(z.string(), z.string()),
  peersAsked: z.array(z.string()),
  missing: z.record(z.string(), z.string()),
  cells: z.array(
    z.object({
      cell: z.string(),
      figures: z.record(z.string(), spreadSchema),
      problems: z.array(z.string()),
    }),
  ),
});

/** Reads what --json wrote. Throws Problem when it is none of that. */
export const decodeResults = (text: string): BenchResults => {
  try {
    return resultsSchema.parse(JSON.parse(text));
  } catch {
    throw new Problem('This is no file that the bench wrote with --json.');
  }
};

export const encodeResults = (results: BenchResults): string => `${JSON.stringify(results, null, 1)}\n`;
