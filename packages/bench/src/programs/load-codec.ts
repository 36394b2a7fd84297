import { z } from 'zod';
import { Problem } from '../problem.js';
import type { Histogram } from '../statistics/histogram.js';

const count = z.number().int().nonnegative();
const countsSchema = z.object({
  completed: count,
  right: count,
  mismatched: count,
  refused: count,
  failed: count,
  other: count,
});
const histogramSchema = z.array(z.tuple([count, count])).transform((pairs): Histogram => new Map(pairs));
const loadSchema = z.object({
  window_ns: count,
  cpu_us: count,
  unsent: count,
  queued: count,
  unanswered: count,
  total: countsSchema,
  window: countsSchema,
  latency_ns: histogramSchema,
  first_byte_ns: histogramSchema,
});

/** Ends of exchanges. right: 200 with the very bytes; refused: 503; other: another status; failed: no whole answer. */
export type Counts = z.infer<typeof countsSchema>;

/** What one run of the load generator saw. */
export type LoadResult = z.infer<typeof loadSchema>;

/** Reads the load generator's line. Throws Problem when it is none. */
export const decodeLoadResult = (line: string): LoadResult => {
  try {
    return loadSchema.parse(JSON.parse(line));
  } catch {
    throw new Problem('The load generator did not print what it should.');
  }
};
