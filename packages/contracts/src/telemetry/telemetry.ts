import type { ApiKeyId, GroupId, InsightId, OrgId } from '../ids/uuid.js';
import type {
  Dialect,
  Endpoint,
  ErrorType,
  FailurePoint,
  FinishReason,
  Outcome,
  RetentionDecisionValue,
  RetentionReason,
  UsageSource,
} from './enums.js';

/**
 * What is stored about every request. A closed record: numbers, booleans, closed enums, ids and bounded
 * identifiers. There is no field that can hold text. Counts are tokens or bytes, times milliseconds, costs
 * nano-dollars.
 */
export interface Telemetry {
  readonly insightId: InsightId;
  readonly occurredAtMs: number;
  readonly orgId: OrgId | undefined;
  readonly groupId: GroupId | undefined;
  readonly apiKeyId: ApiKeyId | undefined;
  readonly userId: string;
  readonly traceId: string;
  readonly tags: readonly string[];
  readonly extras: readonly { readonly key: string; readonly value: string }[];
  readonly modelRequested: string;
  readonly modelUsed: string;
  readonly modelVersion: string;
  readonly providerUsed: string;
  readonly providerRegion: string;
  readonly deploymentRegion: string;
  readonly dialect: Dialect;
  readonly endpoint: Endpoint;
  readonly streaming: boolean;
  readonly byok: boolean;
  readonly attempts: number;
  readonly fallbackIndex: number;
  readonly outcome: Outcome;
  readonly statusCode: number;
  readonly finishReason: FinishReason;
  readonly errorType: ErrorType;
  readonly failurePoint: FailurePoint;
  readonly tokensInput: number;
  readonly tokensOutput: number;
  readonly tokensCached: number;
  readonly tokensCacheWrite: number;
  readonly tokensReasoning: number;
  readonly usageSource: UsageSource;
  readonly bytesRequest: number;
  readonly bytesResponse: number;
  readonly fieldsDropped: number;
  readonly priced: boolean;
  readonly costProviderNanos: bigint;
  readonly costRouterNanos: bigint;
  readonly latencyMsProvider: number;
  readonly latencyMsTotal: number;
  readonly timeToFirstTokenMs: number;
  readonly compressionRatioPermille: number;
  readonly throughputTokensPerSecond: number;
  readonly policyVersion: bigint;
  readonly retentionDecision: RetentionDecisionValue;
  readonly retentionReason: RetentionReason;
}
