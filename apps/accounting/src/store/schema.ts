import { bigint, boolean, customType, integer, pgSchema, text, uuid } from 'drizzle-orm/pg-core';

const usage = pgSchema('usage');
const payload = pgSchema('payload');
const ingest = pgSchema('ingest');

const bytea = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => 'bytea' });
const quantity = (name: string) => bigint(name, { mode: 'number' }).notNull();
const nanos = (name: string) => bigint(name, { mode: 'bigint' }).notNull();

/** Telemetry, one row an insight. Read under row-level security by organization. */
export const event = usage.table('event', {
  insightId: uuid('insight_id').notNull(),
  occurredAtMs: quantity('occurred_at_ms'),
  orgId: uuid('org_id'),
  groupId: uuid('group_id'),
  apiKeyId: uuid('api_key_id'),
  userId: text('user_id').notNull(),
  traceId: text('trace_id').notNull(),
  tags: text('tags').array().notNull(),
  extraKeys: text('extra_keys').array().notNull(),
  extraValues: text('extra_values').array().notNull(),
  modelRequested: text('model_requested').notNull(),
  modelUsed: text('model_used').notNull(),
  modelVersion: text('model_version').notNull(),
  providerUsed: text('provider_used').notNull(),
  providerRegion: text('provider_region').notNull(),
  deploymentRegion: text('deployment_region').notNull(),
  dialect: text('dialect').notNull(),
  endpoint: text('endpoint').notNull(),
  streaming: boolean('streaming').notNull(),
  byok: boolean('byok').notNull(),
  attempts: quantity('attempts'),
  fallbackIndex: quantity('fallback_index'),
  outcome: text('outcome').notNull(),
  statusCode: quantity('status_code'),
  finishReason: text('finish_reason').notNull(),
  errorType: text('error_type').notNull(),
  failurePoint: text('failure_point').notNull(),
  tokensInput: quantity('tokens_input'),
  tokensOutput: quantity('tokens_output'),
  tokensCached: quantity('tokens_cached'),
  tokensCacheWrite: quantity('tokens_cache_write'),
  tokensReasoning: quantity('tokens_reasoning'),
  usageSource: text('usage_source').notNull(),
  bytesRequest: quantity('bytes_request'),
  bytesResponse: quantity('bytes_response'),
  fieldsDropped: quantity('fields_dropped'),
  priced: boolean('priced').notNull(),
  costProviderNanos: nanos('cost_provider_nanos'),
  costRouterNanos: nanos('cost_router_nanos'),
  latencyMsProvider: quantity('latency_ms_provider'),
  latencyMsTotal: quantity('latency_ms_total'),
  timeToFirstTokenMs: quantity('time_to_first_token_ms'),
  compressionRatioPermille: quantity('compression_ratio_permille'),
  throughputTokensPerSecond: quantity('throughput_tokens_per_second'),
  policyVersion: nanos('policy_version'),
  retentionDecision: text('retention_decision').notNull(),
  retentionReason: text('retention_reason').notNull(),
});
export type EventRow = typeof event.$inferSelect;

/** Payload that telemetry allows to be read: a view; nobody reads the table behind it. */
export const readable = payload.table('readable', {
  orgId: uuid('org_id'),
  insightId: uuid('insight_id'),
  apiKeyId: uuid('api_key_id'),
  wrappedContentKey: bytea('wrapped_content_key'),
  atRestKeyVersion: integer('at_rest_key_version'),
  nonce: bytea('nonce'),
  ciphertext: bytea('ciphertext'),
  policyVersion: bigint('policy_version', { mode: 'bigint' }),
  transitKeyId: uuid('transit_key_id'),
});

/** Raw requests that may be read, as `readable` has payloads. */
export const readableRaw = payload.table('readable_raw', {
  orgId: uuid('org_id'),
  insightId: uuid('insight_id'),
  apiKeyId: uuid('api_key_id'),
  objectKey: text('object_key'),
  wrappedContentKey: bytea('wrapped_content_key'),
  atRestKeyVersion: integer('at_rest_key_version'),
  nonce: bytea('nonce'),
  ciphertextBytes: bigint('ciphertext_bytes', { mode: 'number' }),
  policyVersion: bigint('policy_version', { mode: 'bigint' }),
  transitKeyId: uuid('transit_key_id'),
});

export const atRestKey = ingest.table('at_rest_key', {
  orgId: uuid('org_id').notNull(),
  version: integer('version').notNull(),
  wrappedKey: bytea('wrapped_key').notNull(),
});

export const apiKeyCopy = ingest.table('api_key_copy', {
  apiKeyId: uuid('api_key_id').notNull(),
  orgId: uuid('org_id').notNull(),
  groupId: uuid('group_id'),
});

export const ingestReject = usage.table('ingest_reject', {
  topic: text('topic').notNull(),
  code: text('code').notNull(),
});

export const consumerOffset = usage.table('consumer_offset', {
  topic: text('topic').notNull(),
  part: integer('part').notNull(),
  nextOffset: bigint('next_offset', { mode: 'bigint' }).notNull(),
});

export const tripwire = ingest.table('tripwire', {
  code: text('code').notNull(),
  total: bigint('total', { mode: 'bigint' }).notNull(),
});
