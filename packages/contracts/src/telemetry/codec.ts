import { fromBinary } from '@bufbuild/protobuf';
import { type TelemetryRecord, TelemetryRecordSchema } from '../gen/es/lethe/insight/v1/telemetry_pb.js';
import { extrasMax, isBoundedIdentifier, isModelName, tagsMax } from '../ids/bounded.js';
import { type Uuid, uuidText } from '../ids/uuid.js';
import {
  dialects,
  type ErrorType,
  endpoints,
  errorTypes,
  failurePoints,
  finishReasons,
  outcomes,
  retentionDecisions,
  retentionReasons,
  usageSources,
} from './enums.js';
import { telemetryRecordBytesMax } from './limits.js';
import type { Telemetry } from './telemetry.js';

export type TelemetryReject =
  | 'malformed'
  | 'too_large'
  | 'unknown_field'
  | 'unknown_enum'
  | 'bad_id'
  | 'bad_identifier'
  | 'bad_number';

export type TelemetryDecoded =
  | { readonly ok: true; readonly telemetry: Telemetry }
  | { readonly ok: false; readonly reject: TelemetryReject };

const errorTypeByNumber = new Map<number, ErrorType>(
  Object.entries(errorTypes).map(([name, number]) => [number, name as ErrorType]),
);

class Reject extends Error {
  constructor(readonly reject: TelemetryReject) {
    super('telemetry record rejected');
  }
}

const oneOf = <T>(list: readonly T[], index: number): T => {
  const value = list[index];
  if (value === undefined) throw new Reject('unknown_enum');
  return value;
};
const optionalId = <T extends Uuid>(bytes: Uint8Array): T | undefined => {
  if (bytes.length === 0) return undefined;
  const id = uuidText(bytes);
  if (id === undefined) throw new Reject('bad_id');
  return id as T;
};
const identifierOrEmpty = (value: string): string => {
  if (value !== '' && !isBoundedIdentifier(value)) throw new Reject('bad_identifier');
  return value;
};
const modelOrEmpty = (value: string): string => {
  if (value !== '' && !isModelName(value)) throw new Reject('bad_identifier');
  return value;
};
const count = (value: bigint): number => {
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Reject('bad_number');
  return Number(value);
};

const toTelemetry = (r: TelemetryRecord): Telemetry => {
  const insightId = optionalId(r.insightId);
  if (insightId === undefined) throw new Reject('bad_id');
  if (r.tags.length > tagsMax || r.extras.length > extrasMax) throw new Reject('bad_identifier');
  const errorType = errorTypeByNumber.get(r.errorType);
  if (errorType === undefined) throw new Reject('unknown_enum');
  return {
    insightId,
    occurredAtMs: count(r.occurredAtMs),
    orgId: optionalId(r.orgId),
    groupId: optionalId(r.groupId),
    apiKeyId: optionalId(r.apiKeyId),
    userId: identifierOrEmpty(r.userId),
    traceId: identifierOrEmpty(r.traceId),
    tags: r.tags.map(identifierOrEmpty),
    extras: r.extras.map((e) => {
      if (e.$unknown !== undefined) throw new Reject('unknown_field');
      return { key: identifierOrEmpty(e.key), value: identifierOrEmpty(e.value) };
    }),
    modelRequested: modelOrEmpty(r.modelRequested),
    modelUsed: modelOrEmpty(r.modelUsed),
    modelVersion: modelOrEmpty(r.modelVersion),
    providerUsed: identifierOrEmpty(r.providerUsed),
    providerRegion: identifierOrEmpty(r.providerRegion),
    deploymentRegion: identifierOrEmpty(r.deploymentRegion),
    dialect: oneOf(dialects, r.dialect),
    endpoint: oneOf(endpoints, r.endpoint),
    streaming: r.streaming,
    byok: r.byok,
    attempts: r.attempts,
    fallbackIndex: r.fallbackIndex,
    outcome: oneOf(outcomes, r.outcome),
    statusCode: r.statusCode,
    finishReason: oneOf(finishReasons, r.finishReason),
    errorType,
    failurePoint: oneOf(failurePoints, r.failurePoint),
    tokensInput: count(r.tokensInput),
    tokensOutput: count(r.tokensOutput),
    tokensCached: count(r.tokensCached),
    tokensCacheWrite: count(r.tokensCacheWrite),
    tokensReasoning: count(r.tokensReasoning),
    usageSource: oneOf(usageSources, r.usageSource),
    bytesRequest: count(r.bytesRequest),
    bytesResponse: count(r.bytesResponse),
    fieldsDropped: r.fieldsDropped,
    priced: r.priced,
    costProviderNanos: BigInt(count(r.costProviderNanos)),
    costRouterNanos: BigInt(count(r.costRouterNanos)),
    latencyMsProvider: r.latencyMsProvider,
    latencyMsTotal: r.latencyMsTotal,
    timeToFirstTokenMs: r.timeToFirstTokenMs,
    compressionRatioPermille: r.compressionRatioPermille,
    throughputTokensPerSecond: r.throughputTokensPerSecond,
    policyVersion: r.policyVersion,
    retentionDecision: oneOf(retentionDecisions, r.retentionDecision),
    retentionReason: oneOf(retentionReasons, r.retentionReason),
  };
};

/** Wire bytes to a record. An allow-list: an unknown field, an enum value outside its list or text where an identifier belongs is a reject. */
export const decodeTelemetry = (bytes: Uint8Array): TelemetryDecoded => {
  if (bytes.length > telemetryRecordBytesMax) return { ok: false, reject: 'too_large' };
  let record: TelemetryRecord;
  try {
    record = fromBinary(TelemetryRecordSchema, bytes);
  } catch {
    return { ok: false, reject: 'malformed' };
  }
  if (record.$unknown !== undefined) return { ok: false, reject: 'unknown_field' };
  try {
    return { ok: true, telemetry: toTelemetry(record) };
  } catch (error) {
    return { ok: false, reject: error instanceof Reject ? error.reject : 'malformed' };
  }
};
