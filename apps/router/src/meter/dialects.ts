import type { FinishReason } from '@lethe/contracts';
import type { ServedEndpoint } from '@lethe/model-catalog';
import type { ContentRule } from './content-events.js';
import type { Noted } from './document-reader.js';
import { type Counts, completionPlaces, messagePlaces, type Place, responsePlaces } from './places.js';
import type { UsageReading } from './types.js';
import type { Word } from './words.js';

/** What is known of a response from the documents read so far. Later ones replace what they state themselves. */
export interface Known {
  counts: Counts;
  /** The counts are of the whole answer, not of its input alone. */
  isFinal: boolean;
  finishReason: FinishReason;
  hasError: boolean;
  hasEnded: boolean;
}

/** How responses of one dialect are metered. */
export interface MeteredDialect {
  readonly root: Place;
  /** A stream counts its input in an event of its beginning. */
  readonly countsAtStart: boolean;
  readonly content: ContentRule;
  /** Events whose name begins otherwise need not be walked, however large they are. */
  readonly eventNames?: readonly Buffer[];
  /** What one document says, a whole body or the data of one event. */
  readonly know: (noted: Noted) => Known;
  readonly usage: (counts: Counts) => UsageReading | undefined;
}

type Words = Readonly<Partial<Record<Word, FinishReason>>>;

const completionFinish: Words = {
  stop: 'stop',
  length: 'length',
  model_length: 'length',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  content_filter: 'content_filter',
  error: 'error',
};
const messageFinish: Words = {
  end_turn: 'stop',
  stop_sequence: 'stop',
  // A turn of a server's tool is unfinished; no other reason is nearer.
  pause_turn: 'stop',
  max_tokens: 'length',
  model_context_window_exceeded: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
};
const finishOf = (known: Words, word: Word | undefined): FinishReason =>
  word === undefined ? 'unspecified' : (known[word] ?? 'other');

/** Parts can never be more than the whole they are priced within. */
const readingOf = (tokensInput: number, tokensOutput: number, counts: Counts): UsageReading => {
  const tokensCached = Math.min(counts.cached ?? 0, tokensInput);
  return {
    tokensInput,
    tokensOutput,
    tokensCached,
    tokensCacheWrite: Math.min(counts.cacheWrite ?? 0, tokensInput - tokensCached),
    tokensReasoning: Math.min(counts.reasoning ?? 0, tokensOutput),
  };
};

/** Most providers include reasoning in the output; some (xAI) count it beside the output, which the total gives away. */
const openAiUsage = (counts: Counts): UsageReading | undefined => {
  const { input, output, total, reasoning = 0 } = counts;
  if (input === undefined && output === undefined) return undefined;
  const isBeside = reasoning > 0 && total === (input ?? 0) + (output ?? 0) + reasoning;
  return readingOf(input ?? 0, (output ?? 0) + (isBeside ? reasoning : 0), counts);
};

/** Anthropic counts what was cached beside the input. */
const messageUsage = (counts: Counts): UsageReading | undefined => {
  const { input, output, cached = 0, cacheWrite = 0 } = counts;
  if (input === undefined && output === undefined) return undefined;
  return readingOf((input ?? 0) + cached + cacheWrite, output ?? 0, counts);
};

const isTerminal = (type: Word | undefined): boolean =>
  type === 'response.completed' || type === 'response.incomplete' || type === 'response.failed';

const responseFinish = ({ status, reason, hasCall }: Noted): FinishReason => {
  if (status === 'completed') return hasCall ? 'tool_calls' : 'stop';
  if (status === 'failed') return 'error';
  if (status !== 'incomplete') return status === undefined ? 'unspecified' : 'other';
  if (reason === 'max_output_tokens') return 'length';
  return reason === 'content_filter' ? 'content_filter' : 'other';
};

const completions: MeteredDialect = {
  root: completionPlaces,
  countsAtStart: false,
  content: { named: false },
  know: (noted) => {
    // Groq says it at two places; its own one counts when the common one is missing.
    const counts = noted.usage ?? noted.groqUsage;
    return {
      counts: counts ?? {},
      isFinal: counts !== undefined,
      finishReason: finishOf(completionFinish, noted.finish),
      hasError: noted.hasError,
      hasEnded: false,
    };
  },
  usage: openAiUsage,
};

const responses: MeteredDialect = {
  root: responsePlaces,
  countsAtStart: false,
  content: { named: true },
  eventNames: ['response.completed', 'response.incomplete', 'response.failed', 'error'].map((name) =>
    Buffer.from(name),
  ),
  know: (noted) => {
    // Earlier events hold the response as it was then.
    const isLast = noted.type === undefined || isTerminal(noted.type);
    const hasError = noted.type === 'error' || (isLast && (noted.hasError || noted.status === 'failed'));
    const counts = isLast ? noted.usage : undefined;
    return {
      counts: counts ?? {},
      isFinal: counts !== undefined,
      finishReason: isLast ? responseFinish(noted) : 'unspecified',
      hasError,
      hasEnded: isTerminal(noted.type),
    };
  },
  usage: openAiUsage,
};

const messages: MeteredDialect = {
  root: messagePlaces,
  countsAtStart: true,
  content: { named: true, emptyBytes: 120 },
  know: (noted) => ({
    counts: noted.usage ?? {},
    isFinal: noted.usage !== undefined && noted.type !== 'message_start',
    finishReason: noted.type === 'message_start' ? 'unspecified' : finishOf(messageFinish, noted.finish),
    hasError: noted.type === 'error' || noted.hasError,
    hasEnded: noted.type === 'message_stop',
  }),
  usage: messageUsage,
};

const byEndpoint: Readonly<Record<ServedEndpoint, MeteredDialect>> = {
  chat_completions: completions,
  completions,
  embeddings: completions,
  responses,
  messages,
  // Counting is free: there is nothing in its answer to bill.
  count_tokens: { ...messages, countsAtStart: false, usage: () => readingOf(0, 0, {}) },
};

/** How responses of an endpoint are metered. */
export const meteredDialectOf = (endpoint: ServedEndpoint): MeteredDialect => byEndpoint[endpoint];
