import {
  type Dialect,
  dialects,
  type Endpoint,
  endpoints,
  errorTypes,
  type FailurePoint,
  type FinishReason,
  failurePoints,
  finishReasons,
  type Outcome,
  outcomes,
  type RetentionDecisionValue,
  type RetentionReason,
  retentionDecisions,
  retentionReasons,
  type UsageSource,
  usageSources,
} from './enums.js';
import type { Telemetry } from './telemetry.js';
import { TelemetryWriter } from './telemetry-writer.js';

const numbersOf = <Name extends string>(names: readonly Name[]): Readonly<Record<Name, number>> =>
  Object.fromEntries(names.map((name, number) => [name, number])) as Record<Name, number>;

const dialectNumber = numbersOf<Dialect>(dialects);
const endpointNumber = numbersOf<Endpoint>(endpoints);
const outcomeNumber = numbersOf<Outcome>(outcomes);
const finishReasonNumber = numbersOf<FinishReason>(finishReasons);
const failurePointNumber = numbersOf<FailurePoint>(failurePoints);
const usageSourceNumber = numbersOf<UsageSource>(usageSources);
const decisionNumber = numbersOf<RetentionDecisionValue>(retentionDecisions);
const reasonNumber = numbersOf<RetentionReason>(retentionReasons);

const writer = new TelemetryWriter();

/** One record to its wire bytes (no length prefix). The numbers are those of proto/lethe/insight/v1/telemetry.proto. */
export const encodeTelemetry = (t: Telemetry): Buffer => {
  writer.begin();
  writer.id(1, t.insightId);
  writer.count(2, t.occurredAtMs);
  writer.id(3, t.orgId);
  writer.id(4, t.groupId);
  writer.id(5, t.apiKeyId);
  writer.text(6, t.userId);
  writer.text(7, t.traceId);
  for (const tag of t.tags) writer.textAlways(8, tag);
  for (const { key, value } of t.extras) writer.pair(9, key, value);
  writeRoute(t);
  writer.count(40, outcomeNumber[t.outcome]);
  writer.count(41, t.statusCode);
  writer.count(42, finishReasonNumber[t.finishReason]);
  writer.count(43, errorTypes[t.errorType]);
  writer.count(44, failurePointNumber[t.failurePoint]);
  writeCounts(t);
  writer.count(70, t.latencyMsProvider);
  writer.count(71, t.latencyMsTotal);
  writer.count(72, t.timeToFirstTokenMs);
  writer.count(80, t.compressionRatioPermille);
  writer.count(81, t.throughputTokensPerSecond);
  writer.bigCount(90, t.policyVersion);
  writer.count(91, decisionNumber[t.retentionDecision]);
  writer.count(92, reasonNumber[t.retentionReason]);
  return writer.finish();
};

const writeRoute = (t: Telemetry): void => {
  writer.text(20, t.modelRequested);
  writer.text(21, t.modelUsed);
  writer.text(22, t.modelVersion);
  writer.text(23, t.providerUsed);
  writer.text(24, t.providerRegion);
  writer.text(25, t.deploymentRegion);
  writer.count(26, dialectNumber[t.dialect]);
  writer.count(27, endpointNumber[t.endpoint]);
  writer.flag(28, t.streaming);
  writer.flag(29, t.byok);
  writer.count(30, t.attempts);
  writer.count(31, t.fallbackIndex);
};

const writeCounts = (t: Telemetry): void => {
  writer.count(50, t.tokensInput);
  writer.count(51, t.tokensOutput);
  writer.count(52, t.tokensCached);
  writer.count(53, t.tokensCacheWrite);
  writer.count(54, t.tokensReasoning);
  writer.count(55, usageSourceNumber[t.usageSource]);
  writer.count(56, t.bytesRequest);
  writer.count(57, t.bytesResponse);
  writer.count(58, t.fieldsDropped);
  writer.flag(60, t.priced);
  writer.bigCount(61, t.costProviderNanos);
  writer.bigCount(62, t.costRouterNanos);
};
