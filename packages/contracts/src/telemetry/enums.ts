/**
 * Domain values of telemetry. The position in each list is the number in proto/; a test holds the two equal.
 * Convert at the edge only: no proto enum travels further than the codec.
 */
export const dialects = ['unspecified', 'openai', 'anthropic', 'gemini', 'bedrock', 'scaledown'] as const;
export const endpoints = [
  'unspecified',
  'chat_completions',
  'completions',
  'responses',
  'messages',
  'embeddings',
  'count_tokens',
  'compress',
  'summarize',
  'extract',
  'classify',
  'other',
] as const;
export const outcomes = [
  'unspecified',
  'success',
  'refused',
  'provider_error',
  'gateway_error',
  'client_aborted',
  'stream_cut',
] as const;
export const finishReasons = [
  'unspecified',
  'stop',
  'length',
  'tool_calls',
  'content_filter',
  'error',
  'other',
] as const;
export const failurePoints = [
  'unspecified',
  'authenticate',
  'read_request',
  'resolve_model',
  'policy',
  'connect',
  'await_head',
  'relay',
  'route',
] as const;
export const usageSources = ['unspecified', 'provider', 'estimated', 'none'] as const;
export const retentionDecisions = ['unspecified', 'none', 'telemetry', 'payload'] as const;
export const retentionReasons = [
  'unspecified',
  'granted',
  'policy_unknown',
  'policy_stale',
  'zdr',
  'logging_off',
  'no_sealing_key',
  'caller_wish',
  'nothing_to_keep',
  'payload_dropped',
] as const;

/** Sparse on purpose: the gaps leave room in each owner's group. */
export const errorTypes = {
  unspecified: 0,
  'caller.invalid_request': 1,
  'caller.unauthenticated': 2,
  'caller.model_unknown': 3,
  'caller.too_large': 4,
  'caller.timeout': 5,
  'caller.unsupported_encoding': 6,
  'caller.aborted': 7,
  'caller.not_found': 8,
  'caller.forbidden': 9,
  'org_policy.field_refused': 20,
  'org_policy.model_not_approved': 21,
  'provider.invalid_request': 40,
  'provider.unauthenticated': 41,
  'provider.not_found': 42,
  'provider.rate_limited': 43,
  'provider.overloaded': 44,
  'provider.failed': 45,
  'provider.timeout': 46,
  'provider.unreachable': 47,
  'provider.malformed_response': 48,
  'provider.stream_cut': 49,
  'provider.stream_error': 50,
  'gateway.not_ready': 60,
  'gateway.overloaded': 61,
  'gateway.internal': 62,
} as const;

export type Dialect = (typeof dialects)[number];
export type Endpoint = (typeof endpoints)[number];
export type Outcome = (typeof outcomes)[number];
export type FinishReason = (typeof finishReasons)[number];
export type FailurePoint = (typeof failurePoints)[number];
export type UsageSource = (typeof usageSources)[number];
export type RetentionDecisionValue = (typeof retentionDecisions)[number];
export type RetentionReason = (typeof retentionReasons)[number];
export type ErrorType = keyof typeof errorTypes;
