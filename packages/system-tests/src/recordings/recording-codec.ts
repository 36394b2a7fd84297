/** What a response says about itself, read with a whole JSON parse: the yardstick for readers that scan bytes. */
export interface ExpectedReading {
  readonly usage: ExpectedUsage;
  /** As OpenAI's Chat Completions would spell it, of the first choice; null when none was given. */
  readonly finishReason: string | null;
  /** Events of a stream that carried a choice; 0 for a body and for dialects without choices. */
  readonly eventsWithChoices: number;
}

/** The shape in which a recorded response is written. */
export type RecordedDialect = 'completion' | 'response' | 'message';

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

/** One recording was kept without the last brace of some of its events. */
const parse = (text: string): Fields => {
  try {
    return fieldsOf(JSON.parse(text));
  } catch {
    return fieldsOf(JSON.parse(`${text}}`));
  }
};

/** Reads a recorded response: one JSON value for a body, one for each event of a stream. Throws without usage. */
export function readExpected(
  kind: 'body' | 'stream',
  jsonTexts: readonly string[],
  dialect: RecordedDialect = 'completion',
): ExpectedReading {
  const values = jsonTexts.map(parse);
  if (dialect === 'response') return { ...readResponse(values), eventsWithChoices: 0 };
  if (dialect === 'message') return { ...readMessage(values), eventsWithChoices: 0 };
  return readCompletion(kind, values);
}

function readCompletion(kind: 'body' | 'stream', values: readonly Fields[]): ExpectedReading {
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

type Reading = Omit<ExpectedReading, 'eventsWithChoices'>;

/** A Responses object, or the events of its stream, of which the last holds it as it ended. */
function readResponse(values: readonly Fields[]): Reading {
  const last = values.at(-1) ?? {};
  const response = fieldsOf(last.response ?? last);
  const usage = fieldsOf(response.usage);
  if (usage.input_tokens === undefined) throw new Error('a recording has no usage');
  const types = listOf(response.output).map((item) => fieldsOf(item).type);
  const calls = types.includes('function_call') || types.includes('custom_tool_call');
  const { reason } = fieldsOf(response.incomplete_details);
  const reasons: Readonly<Record<string, string>> = {
    completed: calls ? 'tool_calls' : 'stop',
    incomplete: reason === 'max_output_tokens' ? 'length' : String(reason),
    failed: 'error',
  };
  const input = fieldsOf(usage.input_tokens_details);
  return {
    usage: {
      tokensInput: countOf(usage.input_tokens),
      tokensOutput: countOf(usage.output_tokens),
      tokensCached: countOf(input.cached_tokens),
      tokensCacheWrite: countOf(input.cache_write_tokens),
      tokensReasoning: countOf(fieldsOf(usage.output_tokens_details).reasoning_tokens),
    },
    finishReason: reasons[String(response.status)] ?? null,
  };
}

const messageReasons: Readonly<Record<string, string>> = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
};

/** An Anthropic message; of a stream its first event, and whatever later ones replace. Input leaves out what was cached. */
function readMessage(values: readonly Fields[]): Reading {
  const counts: Record<string, unknown> = { ...fieldsOf(fieldsOf(values[0]?.message).usage) };
  let reason: unknown;
  for (const value of values.filter(({ type }) => type !== 'message_start')) {
    for (const [name, count] of Object.entries(fieldsOf(value.usage)))
      if (count !== null) counts[name] = count;
    reason = value.stop_reason ?? fieldsOf(value.delta).stop_reason ?? reason;
  }
  if (counts.output_tokens === undefined) throw new Error('a recording has no usage');
  const tokensCached = countOf(counts.cache_read_input_tokens);
  const tokensCacheWrite = countOf(counts.cache_creation_input_tokens);
  return {
    usage: {
      tokensInput: countOf(counts.input_tokens) + tokensCached + tokensCacheWrite,
      tokensOutput: countOf(counts.output_tokens),
      tokensCached,
      tokensCacheWrite,
      tokensReasoning: countOf(fieldsOf(counts.output_tokens_details).thinking_tokens),
    },
    finishReason: messageReasons[String(reason)] ?? null,
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
