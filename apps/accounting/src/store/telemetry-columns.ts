import type { Telemetry } from '@lethe/contracts';

type Cell = string | number | boolean | null | readonly string[];

/** Every column of usage.event that telemetry fills: name, SQL type, and the value as JSON carries it. */
const columns: readonly (readonly [name: string, type: string, value: (t: Telemetry) => Cell])[] = [
  ['insight_id', 'uuid', (t) => t.insightId],
  ['occurred_at_ms', 'bigint', (t) => t.occurredAtMs],
  ['org_id', 'uuid', (t) => t.orgId ?? null],
  ['group_id', 'uuid', (t) => t.groupId ?? null],
  ['api_key_id', 'uuid', (t) => t.apiKeyId ?? null],
  ['user_id', 'text', (t) => t.userId],
  ['trace_id', 'text', (t) => t.traceId],
  ['tags', 'text[]', (t) => t.tags],
  ['extra_keys', 'text[]', (t) => t.extras.map((extra) => extra.key)],
  ['extra_values', 'text[]', (t) => t.extras.map((extra) => extra.value)],
  ['model_requested', 'text', (t) => t.modelRequested],
  ['model_used', 'text', (t) => t.modelUsed],
  ['model_version', 'text', (t) => t.modelVersion],
  ['provider_used', 'text', (t) => t.providerUsed],
  ['provider_region', 'text', (t) => t.providerRegion],
  ['deployment_region', 'text', (t) => t.deploymentRegion],
  ['dialect', 'text', (t) => t.dialect],
  ['endpoint', 'text', (t) => t.endpoint],
  ['streaming', 'boolean', (t) => t.streaming],
  ['byok', 'boolean', (t) => t.byok],
  ['attempts', 'bigint', (t) => t.attempts],
  ['fallback_index', 'bigint', (t) => t.fallbackIndex],
  ['outcome', 'text', (t) => t.outcome],
  ['status_code', 'bigint', (t) => t.statusCode],
  ['finish_reason', 'text', (t) => t.finishReason],
  ['error_type', 'text', (t) => t.errorType],
  ['failure_point', 'text', (t) => t.failurePoint],
  ['tokens_input', 'bigint', (t) => t.tokensInput],
  ['tokens_output', 'bigint', (t) => t.tokensOutput],
  ['tokens_cached', 'bigint', (t) => t.tokensCached],
  ['tokens_cache_write', 'bigint', (t) => t.tokensCacheWrite],
  ['tokens_reasoning', 'bigint', (t) => t.tokensReasoning],
  ['usage_source', 'text', (t) => t.usageSource],
  ['bytes_request', 'bigint', (t) => t.bytesRequest],
  ['bytes_response', 'bigint', (t) => t.bytesResponse],
  ['fields_dropped', 'bigint', (t) => t.fieldsDropped],
  ['priced', 'boolean', (t) => t.priced],
  ['cost_provider_nanos', 'bigint', (t) => t.costProviderNanos.toString()],
  ['cost_router_nanos', 'bigint', (t) => t.costRouterNanos.toString()],
  ['latency_ms_provider', 'bigint', (t) => t.latencyMsProvider],
  ['latency_ms_total', 'bigint', (t) => t.latencyMsTotal],
  ['time_to_first_token_ms', 'bigint', (t) => t.timeToFirstTokenMs],
  ['compression_ratio_permille', 'bigint', (t) => t.compressionRatioPermille],
  ['throughput_tokens_per_second', 'bigint', (t) => t.throughputTokensPerSecond],
  ['policy_version', 'bigint', (t) => t.policyVersion.toString()],
  ['retention_decision', 'text', (t) => t.retentionDecision],
  ['retention_reason', 'text', (t) => t.retentionReason],
];

const names = columns.map(([name]) => name).join(', ');
const typed = columns.map(([name, type]) => `${name} ${type}`).join(', ');

/** Inserts the rows of one JSON array ($1); one statement for any number of rows, duplicates are passed over. */
export const insertTelemetryStatement = `insert into usage.event (${names})
  select ${names} from json_to_recordset($1::text::json) as r (${typed}) on conflict do nothing`;

/** The rows as the JSON array that statement takes. */
export const telemetryRowsJson = (rows: readonly Telemetry[]): string =>
  JSON.stringify(rows.map((row) => Object.fromEntries(columns.map(([name, , value]) => [name, value(row)]))));
