import type { Answer, Choice } from '../../answers/answer.js';
import { unheardOf } from '../../answers/every-field.js';
import type { JsonObject } from '../../json-codec.js';
import type { Shape } from '../dialect.js';
import { contentBlocks } from './content-blocks.js';
import type { MessagesRequest } from './read-messages.js';

const STOP_REASONS = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  content_filter: 'refusal',
} as const;

/** How it ended. The caller's stop sequence is repeated, and a refusal explains itself. */
export function stopFields(choice: Choice, shape: Shape): JsonObject {
  const { finishReason, stopSequence, everywhere, parts } = choice;
  const reason = stopSequence === null ? STOP_REASONS[finishReason] : 'stop_sequence';
  const refusal = finishReason === 'content_filter' ? (parts[0]?.text ?? '') : everywhere;
  return {
    stop_reason: shape.finishReason ?? reason,
    stop_sequence: everywhere ?? stopSequence,
    stop_details:
      refusal === null ? null : { type: 'refusal', category: 'general_harms', explanation: refusal },
  };
}

/** Input is told apart from what was read from and written to the cache; its sum is all three. */
const inputUsage = ({ usage }: Answer): JsonObject => ({
  input_tokens: usage.promptTokens - usage.cachedTokens - usage.cacheWriteTokens,
  cache_creation_input_tokens: usage.cacheWriteTokens,
  cache_read_input_tokens: usage.cachedTokens,
});

/** The `usage` of a message with that much output; that of a stream's beginning has next to none. */
export const usageJson = (answer: Answer, request: MessagesRequest, outputTokens: number): JsonObject => ({
  ...inputUsage(answer),
  cache_creation: {
    ephemeral_5m_input_tokens: request.cacheTtl === '5m' ? answer.usage.cacheWriteTokens : 0,
    ephemeral_1h_input_tokens: request.cacheTtl === '1h' ? answer.usage.cacheWriteTokens : 0,
  },
  output_tokens: outputTokens,
  output_tokens_details: null,
  server_tool_use: null,
  service_tier: 'standard',
  speed: 'standard',
  inference_geo: request.inferenceGeo ?? 'not_available',
});

/** The usage at a stream's end: totals, not additions. */
export const finalUsageJson = (answer: Answer): JsonObject => ({
  ...inputUsage(answer),
  output_tokens: answer.usage.completionTokens,
  output_tokens_details: { thinking_tokens: answer.usage.reasoningTokens },
  server_tool_use: null,
});

export const messageHead = (answer: Answer, request: MessagesRequest): JsonObject => ({
  id: `msg_sim${answer.id}`,
  type: 'message',
  role: 'assistant',
  model: request.model.name,
  content: [],
  stop_reason: null,
  stop_sequence: null,
  stop_details: null,
  container: null,
  diagnostics: null,
  ...rareFields(answer.choices[0]),
});

const rareFields = (choice: Choice | undefined): JsonObject =>
  choice === undefined || choice.everywhere === null
    ? {}
    : {
        container: { id: 'container_sim', expires_at: '2026-01-01T00:00:00Z', skills: null },
        ...unheardOf(choice.everywhere),
      };

/** The body of an answer that is not streamed. */
export function messageBody(answer: Answer, request: MessagesRequest, shape: Shape = {}): JsonObject {
  const [choice] = answer.choices;
  const { completionTokens, reasoningTokens } = answer.usage;
  return {
    ...messageHead(answer, request),
    content: choice === undefined ? [] : contentBlocks(choice).map(({ finished }) => finished),
    ...(choice !== undefined && stopFields(choice, shape)),
    ...(shape.withoutUsage !== true && {
      usage: {
        ...usageJson(answer, request, completionTokens),
        output_tokens_details: { thinking_tokens: reasoningTokens },
      },
    }),
  };
}
