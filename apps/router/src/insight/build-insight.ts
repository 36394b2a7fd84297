import type {
  Dialect,
  Endpoint,
  ErrorType,
  FailurePoint,
  FinishReason,
  InsightId,
  Outcome,
  RetentionDecisionValue,
  RetentionReason,
  SealedPayloadRecord,
  Telemetry,
  UsageSource,
} from '@lethe/contracts';
import type { RetentionDecision } from '@lethe/zdr-policy';
import type { Principal } from '../auth/authenticate.js';
import type { UsageReading } from '../meter/types.js';
import { attachPayload } from './attach-payload.js';
import type { CallerFields } from './caller-fields.js';
import type { CapturedExchange } from './captured-exchange.js';
import { reasonOf } from './decide.js';

/** Everything the pipeline learned about one request: numbers, enums, ids. No field can hold what was said. */
export interface RequestFacts {
  readonly insightId: InsightId;
  readonly occurredAtMs: number;
  readonly dialect: Dialect;
  readonly endpoint: Endpoint;
  readonly principal: Principal | undefined; // undefined: no key was recognised
  readonly callerFields: CallerFields;
  readonly routed:
    | {
        readonly modelRequested: string;
        readonly modelUsed: string;
        readonly modelVersion: string;
        readonly providerUsed: string;
        readonly providerRegion: string;
        readonly byok: boolean;
      }
    | undefined; // undefined: no model was resolved
  readonly streaming: boolean;
  readonly attempts: number;
  readonly fallbackIndex: number;
  readonly outcome: Outcome;
  readonly statusCode: number;
  readonly finishReason: FinishReason;
  readonly errorType: ErrorType;
  readonly failurePoint: FailurePoint;
  readonly usage: UsageReading;
  readonly usageSource: UsageSource;
  readonly cost: { readonly priced: boolean; readonly providerNanos: bigint; readonly routerNanos: bigint };
  readonly bytesRequest: number;
  readonly bytesResponse: number;
  readonly latencyMsProvider: number;
  readonly latencyMsTotal: number;
  readonly timeToFirstTokenMs: number;
  readonly policyVersion: bigint;
}

/** What the router publishes about one request: telemetry always, a sealed payload only under a grant. */
export interface Insight {
  readonly telemetry: Telemetry;
  readonly payload: SealedPayloadRecord | undefined;
}

interface Retention {
  readonly decision: RetentionDecisionValue;
  readonly reason: RetentionReason;
}

const retentionOf = (
  facts: RequestFacts,
  decision: RetentionDecision | undefined,
  captured: boolean,
  payload: SealedPayloadRecord | undefined,
): Retention => {
  if (facts.principal === undefined) return { decision: 'none', reason: 'nothing_to_keep' };
  if (decision === undefined) return { decision: 'telemetry', reason: 'nothing_to_keep' };
  if (decision.kind === 'telemetry_only') return { decision: 'telemetry', reason: reasonOf(decision) };
  if (payload !== undefined) return { decision: 'payload', reason: 'granted' };
  return { decision: 'telemetry', reason: captured ? 'payload_dropped' : 'nothing_to_keep' };
};

const telemetryOf = (facts: RequestFacts, retention: Retention, deploymentRegion: string): Telemetry => ({
  insightId: facts.insightId,
  occurredAtMs: facts.occurredAtMs,
  orgId: facts.principal?.key.orgId,
  groupId: facts.principal?.key.groupId,
  apiKeyId: facts.principal?.key.apiKeyId,
  userId: facts.callerFields.userId,
  traceId: facts.callerFields.traceId,
  tags: facts.callerFields.tags,
  extras: facts.callerFields.extras,
  modelRequested: facts.routed?.modelRequested ?? 'unknown',
  modelUsed: facts.routed?.modelUsed ?? '',
  modelVersion: facts.routed?.modelVersion ?? '',
  providerUsed: facts.routed?.providerUsed ?? '',
  providerRegion: facts.routed?.providerRegion ?? '',
  deploymentRegion,
  dialect: facts.dialect,
  endpoint: facts.endpoint,
  streaming: facts.streaming,
  byok: facts.routed?.byok ?? false,
  attempts: facts.attempts,
  fallbackIndex: facts.fallbackIndex,
  outcome: facts.outcome,
  statusCode: facts.statusCode,
  finishReason: facts.finishReason,
  errorType: facts.errorType,
  failurePoint: facts.failurePoint,
  tokensInput: facts.usage.tokensInput,
  tokensOutput: facts.usage.tokensOutput,
  tokensCached: facts.usage.tokensCached,
  tokensCacheWrite: facts.usage.tokensCacheWrite,
  tokensReasoning: facts.usage.tokensReasoning,
  usageSource: facts.usageSource,
  bytesRequest: facts.bytesRequest,
  bytesResponse: facts.bytesResponse,
  fieldsDropped: facts.callerFields.dropped.length,
  priced: facts.cost.priced,
  costProviderNanos: facts.cost.providerNanos,
  costRouterNanos: facts.cost.routerNanos,
  latencyMsProvider: facts.latencyMsProvider,
  latencyMsTotal: facts.latencyMsTotal,
  timeToFirstTokenMs: facts.timeToFirstTokenMs,
  compressionRatioPermille: 0,
  throughputTokensPerSecond: 0,
  policyVersion: facts.policyVersion,
  retentionDecision: retention.decision,
  retentionReason: retention.reason,
});

/**
 * LAYER 1. Builds the insight of one request, on the success path and the error path alike. `decision` is the
 * stricter of the two decisions; `captured` is what a grant let be captured, and is overwritten here in any case.
 * Without `roomForPayload` it is dropped, and the telemetry says so.
 */
export const buildInsight = (
  facts: RequestFacts,
  decision: RetentionDecision | undefined,
  captured: CapturedExchange | undefined,
  deploymentRegion: string,
  roomForPayload = true,
): Insight => {
  try {
    const granted = decision?.kind === 'payload_granted' && roomForPayload;
    const payload =
      granted && captured !== undefined && facts.principal !== undefined
        ? attachPayload(decision.grant, facts.insightId, facts.principal, captured, facts.policyVersion)
        : undefined;
    return {
      telemetry: telemetryOf(
        facts,
        retentionOf(facts, decision, captured !== undefined, payload),
        deploymentRegion,
      ),
      payload,
    };
  } finally {
    captured?.wipe();
  }
};
