import { z } from '@hono/zod-openapi';
import { toDollars } from '../analytics/dollars.js';
import type { EventRow } from '../store/schema.js';

const id = z.uuid();
const count = z.number().int().nonnegative();
const nanos = z.string().regex(/^\d+$/).openapi({ description: 'Integer nano-dollars.', example: '1234500' });
const dollars = z
  .string()
  .regex(/^\d+\.\d{9}$/)
  .openapi({ description: 'US dollars as a decimal.', example: '0.001234500' });

/** Telemetry as JSON: every field of the record, ids as text, amounts as strings. */
export const telemetrySchema = z
  .strictObject({
    insight_id: id,
    request_id: id,
    occurred_at: z.iso.datetime(),
    occurred_at_ms: count,
    org_id: id.nullable(),
    group_id: id.nullable(),
    api_key_id: id.nullable(),
    user_id: z.string(),
    trace_id: z.string(),
    tags: z.array(z.string()),
    extras: z.record(z.string(), z.string()),
    model_requested: z.string(),
    model_used: z.string(),
    model_version: z.string(),
    provider_used: z.string(),
    provider_region: z.string(),
    deployment_region: z.string(),
    dialect: z.string(),
    endpoint: z.string(),
    streaming: z.boolean(),
    byok: z.boolean(),
    attempts: count,
    fallback_index: count,
    outcome: z.string(),
    status_code: count,
    finish_reason: z.string(),
    error_type: z.string(),
    failure_point: z.string(),
    tokens_input: count,
    tokens_output: count,
    tokens_cached: count,
    tokens_cache_write: count,
    tokens_reasoning: count,
    usage_source: z.string(),
    bytes_request: count,
    bytes_response: count,
    fields_dropped: count,
    priced: z.boolean(),
    cost_provider_nanos: nanos,
    cost_provider: dollars,
    cost_router_nanos: nanos,
    cost_router: dollars,
    latency_ms_provider: count,
    latency_ms_total: count,
    time_to_first_token_ms: count,
    compression_ratio_permille: count,
    throughput_tokens_per_second: count,
    policy_version: z.string(),
    retention_decision: z.string(),
    retention_reason: z.string(),
  })
  .openapi('Telemetry');
export type TelemetryJson = z.infer<typeof telemetrySchema>;

/** The last moment that has an ISO form with four digits for the year: a router's clock may say anything. */
const isoMsMax = 253_402_300_799_999;
const toExtras = (row: EventRow): Record<string, string> =>
  Object.fromEntries(row.extraKeys.map((key, index) => [key, row.extraValues[index] ?? '']));

/** One row as the JSON a reader gets. */
export const toTelemetryJson = (row: EventRow): TelemetryJson => ({
  insight_id: row.insightId,
  request_id: row.insightId,
  occurred_at: new Date(Math.min(row.occurredAtMs, isoMsMax)).toISOString(),
  occurred_at_ms: row.occurredAtMs,
  org_id: row.orgId,
  group_id: row.groupId,
  api_key_id: row.apiKeyId,
  user_id: row.userId,
  trace_id: row.traceId,
  tags: row.tags,
  extras: toExtras(row),
  model_requested: row.modelRequested,
  model_used: row.modelUsed,
  model_version: row.modelVersion,
  provider_used: row.providerUsed,
  provider_region: row.providerRegion,
  deployment_region: row.deploymentRegion,
  dialect: row.dialect,
  endpoint: row.endpoint,
  streaming: row.streaming,
  byok: row.byok,
  attempts: row.attempts,
  fallback_index: row.fallbackIndex,
  outcome: row.outcome,
  status_code: row.statusCode,
  finish_reason: row.finishReason,
  error_type: row.errorType,
  failure_point: row.failurePoint,
  tokens_input: row.tokensInput,
  tokens_output: row.tokensOutput,
  tokens_cached: row.tokensCached,
  tokens_cache_write: row.tokensCacheWrite,
  tokens_reasoning: row.tokensReasoning,
  usage_source: row.usageSource,
  bytes_request: row.bytesRequest,
  bytes_response: row.bytesResponse,
  fields_dropped: row.fieldsDropped,
  priced: row.priced,
  cost_provider_nanos: row.costProviderNanos.toString(),
  cost_provider: toDollars(row.costProviderNanos),
  cost_router_nanos: row.costRouterNanos.toString(),
  cost_router: toDollars(row.costRouterNanos),
  latency_ms_provider: row.latencyMsProvider,
  latency_ms_total: row.latencyMsTotal,
  time_to_first_token_ms: row.timeToFirstTokenMs,
  compression_ratio_permille: row.compressionRatioPermille,
  throughput_tokens_per_second: row.throughputTokensPerSecond,
  policy_version: row.policyVersion.toString(),
  retention_decision: row.retentionDecision,
  retention_reason: row.retentionReason,
});
