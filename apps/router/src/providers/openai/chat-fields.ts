/** Top-level fields of a chat completions request that the router knows, and what a value must be. */
type FieldRule =
  | 'string'
  | 'number'
  | 'boolean'
  | 'object'
  | 'array'
  | 'string_or_object'
  | 'string_or_array'
  | 'any';

const rules = {
  messages: 'array',
  model: 'string',
  audio: 'object',
  frequency_penalty: 'number',
  function_call: 'string_or_object',
  functions: 'array',
  logit_bias: 'object',
  logprobs: 'boolean',
  max_completion_tokens: 'number',
  max_tokens: 'number',
  metadata: 'object',
  modalities: 'array',
  moderation: 'any',
  n: 'number',
  parallel_tool_calls: 'boolean',
  prediction: 'object',
  presence_penalty: 'number',
  prompt_cache_key: 'string',
  prompt_cache_options: 'object',
  prompt_cache_retention: 'string',
  reasoning_effort: 'any',
  response_format: 'object',
  safety_identifier: 'string',
  seed: 'number',
  service_tier: 'string',
  stop: 'string_or_array',
  store: 'boolean',
  stream: 'boolean',
  stream_options: 'object',
  temperature: 'number',
  tool_choice: 'string_or_object',
  tools: 'array',
  top_logprobs: 'number',
  top_p: 'number',
  user: 'string',
  verbosity: 'string',
  web_search_options: 'object',
  // Spelled by other gateways and compatible providers; forwarded as they are.
  include_reasoning: 'boolean',
  models: 'array',
  reasoning: 'any',
  repetition_penalty: 'number',
  top_k: 'number',
  min_p: 'number',
  // Ours: removed before forwarding.
  lethe: 'object',
  requesty: 'object',
  provider: 'object',
} as const satisfies Record<string, FieldRule>;

export type ChatField = keyof typeof rules;

export const chatFieldRules: Readonly<Record<ChatField, FieldRule>> = rules;
export const chatFields = Object.keys(rules) as readonly ChatField[];
export const requiredChatFields: readonly ChatField[] = ['model', 'messages'];
export const ownFields: readonly ChatField[] = ['lethe', 'requesty', 'provider'];

/** Under ZDR: refused, because the caller would notice that they do not work, or because content leaves for a third party. */
export const refusedUnderZdr: readonly ChatField[] = ['web_search_options', 'models'];
/** Under ZDR: taken out, because the provider would store or keep something by them. */
export const strippedUnderZdr: readonly ChatField[] = [
  'metadata',
  'prompt_cache_retention',
  'prompt_cache_options',
  'moderation',
];
/** Under ZDR: kept only when opaque, because they are caller-written identifiers. */
export const opaqueUnderZdr: readonly ChatField[] = ['user', 'safety_identifier', 'prompt_cache_key'];
