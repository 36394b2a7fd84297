/** What a response says about itself, read with a whole JSON parse: the yardstick for readers that scan bytes. */
export interface ExpectedReading {
  readonly usage: ExpectedUsage;
  /** As the provider spelled it, of the first choice; null when none was given. */
  readonly finishReason: string | null;
  /** Events of a stream that carried a choice; 0 for a body. */
  readonly eventsWithChoices: number;
}

/** Input includes cached and cache-write tokens, output includes reasoning. What was not stated is 0. */
export interface ExpectedUsage {
  readonly tokensInput: number;
  readonly tokensOutput: number;
  readonly tokensCached: number;
  readonly tokensCacheWrite: number;
  readonly tokensReasoning: number;
}

interface Fields {
  readonly [name: string]: unknown;
}

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const countOf = (value: unknown): number => {
  if (value === undefined || value === null) return 0;
  if (!Number.isSafeInteger(value))
    throw new Error('a recording counts tokens in something else than whole numbers');
  return value as number;
};

/** Reads a recorded response: one JSON value for a body, one for each event of a stream. Throws without usage. */
export function readExpected(kind: 'body' | 'stream', jsonTexts: readonly string[]): ExpectedReading {
  const values = jsonTexts.map((text) => fieldsOf(JSON.parse(text)));
  const usage = values.map((value) => value.usage).findLast((found) => found !== undefined && found !== null);
  if (usage === undefined) throw new Error('a recording has no usage');
  const firstChoices = values
    .flatMap((value) => listOf(value.choices).map(fieldsOf))
    .filter((choice) => choice.index === 0);
  const finishReason = firstChoices
    .map((choice) => choice.finish_reason)
    .findLast((reason) => reason != null);
  return {
    usage: usageOf(fieldsOf(usage)),
    finishReason: typeof finishReason === 'string' ? finishReason : null,
    eventsWithChoices:
      kind === 'body' ? 0 : values.filter((value) => listOf(value.choices).length > 0).length,
  };
}

function usageOf(usage: Fields): ExpectedUsage {
  const prompt = fieldsOf(usage.prompt_tokens_details);
  const tokensInput = countOf(usage.prompt_tokens);
  const tokensReasoning = countOf(fieldsOf(usage.completion_tokens_details).reasoning_tokens);
  const completion = countOf(usage.completion_tokens);
  const beyond = countOf(usage.total_tokens) - tokensInput - completion;
  // xAI states reasoning beside the completion; its total tells, because it holds all three.
  if (beyond !== 0 && beyond !== tokensReasoning) throw new Error('a recording’s token counts do not add up');
  return {
    tokensInput,
    tokensOutput: completion + beyond,
    tokensCached: countOf(prompt.cached_tokens),
    tokensCacheWrite: countOf(prompt.cache_write_tokens),
    tokensReasoning,
  };
}
