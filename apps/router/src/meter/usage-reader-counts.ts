import type { FinishReason } from '@lethe/contracts';
import type { UsageReading } from './types.js';

/** The counts a usage object may hold, by whatever names providers give them. */
export type CountName = 'input' | 'output' | 'total' | 'cached' | 'cacheWrite' | 'reasoning';

export type Counts = Partial<Record<CountName, number>>;

/**
 * One usage object in our terms: undefined when it counts nothing. Most providers include reasoning in the output;
 * some (xAI) count it beside the output, which the total gives away.
 */
export const readingOf = (counts: Counts): UsageReading | undefined => {
  const { input, output, total, reasoning = 0 } = counts;
  if (input === undefined && output === undefined) return undefined;
  const tokensInput = input ?? 0;
  const isBeside = reasoning > 0 && total === tokensInput + (output ?? 0) + reasoning;
  const tokensOutput = (output ?? 0) + (isBeside ? reasoning : 0);
  // Parts can never be more than the whole they are priced within.
  const tokensCached = Math.min(counts.cached ?? 0, tokensInput);
  return {
    tokensInput,
    tokensOutput,
    tokensCached,
    tokensCacheWrite: Math.min(counts.cacheWrite ?? 0, tokensInput - tokensCached),
    tokensReasoning: Math.min(reasoning, tokensOutput),
  };
};

const finishReasons: readonly (readonly [Buffer, FinishReason])[] = (
  [
    ['stop', 'stop'],
    ['length', 'length'],
    ['model_length', 'length'],
    ['tool_calls', 'tool_calls'],
    ['function_call', 'tool_calls'],
    ['content_filter', 'content_filter'],
    ['error', 'error'],
  ] as const
).map(([name, reason]) => [Buffer.from(name), reason]);

/** The closed finish reason of these bytes; `other` for any that is not known. */
export const finishReasonOf = (bytes: Buffer): FinishReason =>
  finishReasons.find(([name]) => name.equals(bytes))?.[1] ?? 'other';
