import type { Answer, Choice } from '../../answers/answer.js';
import { unheardOf } from '../../answers/every-field.js';
import type { Json, JsonObject } from '../../json-codec.js';
import type { Usage } from '../../tokens.js';
import type { Shape } from '../dialect.js';
import type { ResponsesRequest } from './read-response.js';

/** What a response repeats of its request, and what it says where the request said nothing. */
const REPEATED: JsonObject = {
  background: false,
  conversation: null,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  metadata: {},
  parallel_tool_calls: true,
  previous_response_id: null,
  prompt: null,
  prompt_cache_key: null,
  prompt_cache_retention: null,
  reasoning: { effort: null, summary: null },
  safety_identifier: null,
  service_tier: 'default',
  store: true,
  temperature: 1,
  text: { format: { type: 'text' }, verbosity: 'medium' },
  tool_choice: 'auto',
  tools: [],
  top_logprobs: 0,
  top_p: 1,
  truncation: 'disabled',
  user: null,
};

const usageJson = (usage: Usage): JsonObject => ({
  input_tokens: usage.promptTokens,
  input_tokens_details: { cached_tokens: usage.cachedTokens, cache_write_tokens: usage.cacheWriteTokens },
  output_tokens: usage.completionTokens,
  output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
  total_tokens: usage.promptTokens + usage.completionTokens,
});

/** The response object in one of its states; `rest` adds to it. */
export const responseJson = (answer: Answer, request: ResponsesRequest, rest: JsonObject): JsonObject => ({
  id: `resp_sim${answer.id}`,
  object: 'response',
  created_at: answer.created,
  error: null,
  incomplete_details: null,
  model: request.model.name,
  output: [],
  ...Object.fromEntries(
    Object.entries(REPEATED).map(([name, value]) => [name, request.fields[name] ?? value]),
  ),
  usage: null,
  ...rest,
});

/** Its last state: `completed`, or `incomplete` with the reason. */
export function endedJson(
  answer: Answer,
  request: ResponsesRequest,
  { output, shape }: { readonly output: Json; readonly shape: Shape },
): JsonObject {
  const choice = answer.choices[0];
  const reason = shape.finishReason ?? (choice && incompleteReason(choice)) ?? null;
  const { usage: _, ...response } = responseJson(answer, request, {
    status: reason === null ? 'completed' : 'incomplete',
    completed_at: reason === null ? answer.created + 1 : null,
    incomplete_details: reason === null ? null : { reason },
    output,
    ...rareFields(choice),
  });
  return shape.withoutUsage === true ? response : { ...response, usage: usageJson(answer.usage) };
}

/** The state of a response that the provider could not make. */
export const failedJson = (
  answer: Answer,
  request: ResponsesRequest,
  { message }: { readonly message: string },
): JsonObject =>
  responseJson(answer, request, { status: 'failed', error: { code: 'server_error', message } });

export function incompleteReason({ finishReason }: Choice): string | null {
  if (finishReason === 'length') return 'max_output_tokens';
  return finishReason === 'content_filter' ? finishReason : null;
}

const rareFields = (choice: Choice | undefined): JsonObject =>
  choice === undefined || choice.everywhere === null
    ? {}
    : { moderation: { flagged: false, categories: { violence: false } }, ...unheardOf(choice.everywhere) };
