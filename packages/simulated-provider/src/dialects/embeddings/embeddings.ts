import type { Answer } from '../../answers/answer.js';
import type { JsonObject } from '../../json-codec.js';
import { randomFrom } from '../../random.js';
import { type Dialect, frameText, type Shape, type Task } from '../dialect.js';
import { openAiDialect, openAiError, openAiErrorEvents } from '../openai-dialect.js';
import { type EmbeddingRequest, readEmbeddingRequest } from './read-embedding.js';

/** `POST /v1/embeddings`; there are no streams. */
export const embeddings: Dialect = {
  ...openAiDialect,
  endpoint: 'embeddings',
  bodyOpening: '{"object":"list","data":[{"object":"embedding","index":0,"embedding":"',
  brokenEvent: (text) => frameText(`{"object":"embedding","embedding":${JSON.stringify(text)},,`),
  read: (json, seed) => {
    const request = readEmbeddingRequest(json);
    if ('refusal' in request) return request;
    return {
      model: request.model,
      stream: false,
      choices: request.inputs.length,
      tokensMax: null,
      userText: request.inputs.at(-1)?.text ?? '',
      answer: () => answerOf(request),
      body: (answer, shape) => bodyOf(answer, request, seed, shape),
      events: () => [],
      failureEvents: (_, refusal) => openAiErrorEvents(refusal),
      failureBody: (_, refusal) => openAiError(refusal),
    } satisfies Task;
  },
};

/** Nothing but what it costs: the vectors are made when the body is. */
const answerOf = ({ inputs }: EmbeddingRequest): Answer => ({
  id: 'embedding',
  created: 0,
  choices: [],
  usage: {
    promptTokens: inputs.reduce((sum, { tokens }) => sum + tokens, 0),
    completionTokens: 0,
    reasoningTokens: 0,
    cachedTokens: 0,
    cacheWriteTokens: 0,
  },
});

/** A finish reason is nothing that this dialect knows; it is written all the same when a fault wants one. */
const bodyOf = (
  { usage }: Answer,
  { inputs, dimensions, base64, model }: EmbeddingRequest,
  seed: string,
  shape: Shape = {},
): JsonObject => ({
  object: 'list',
  data: inputs.map(({ text }, index) => {
    const vector = vectorOf(text, dimensions, seed);
    return {
      object: 'embedding',
      index,
      embedding: base64 ? Buffer.from(vector.buffer).toString('base64') : [...vector],
      ...(shape.finishReason !== undefined && { finish_reason: shape.finishReason }),
    };
  }),
  model: model.name,
  ...(shape.withoutUsage !== true && {
    usage: { prompt_tokens: usage.promptTokens, total_tokens: usage.promptTokens },
  }),
});

/** A vector of length one that depends on the text and the seed; little-endian, as every machine of ours is. */
function vectorOf(text: string, dimensions: number, seed: string): Float32Array {
  const random = randomFrom(seed, 'embedding', text);
  const raw = Float32Array.from({ length: dimensions }, () => random.below(2_000_001) / 1_000_000 - 1);
  const length = Math.hypot(...raw) || 1;
  return raw.map((value) => value / length);
}
