import {
  type ApiKeyId,
  encodeSealedPayload,
  type InsightId,
  newUuidV7,
  type OrgId,
  type RawRequestReference,
  type SealedPayloadRecord,
  type Telemetry,
  type Uuid,
  uuidBytes,
} from '@lethe/contracts';
import type { StoredRecord } from '@lethe/event-log';
import { encodePayload, type PayloadDocument, payloadDocument, sealPayload } from '@lethe/sealed-payload';

/** One plausible telemetry record; change what the test is about. */
export const sampleTelemetry = (change: Partial<Telemetry> = {}): Telemetry => ({
  insightId: newUuidV7(),
  occurredAtMs: Date.now(),
  orgId: newUuidV7(),
  groupId: undefined,
  apiKeyId: newUuidV7(),
  userId: 'user-1',
  traceId: '',
  tags: ['team:blue'],
  extras: [{ key: 'tier', value: 'gold' }],
  modelRequested: 'sim/echo',
  modelUsed: 'sim/echo@eu',
  modelVersion: 'echo-1',
  providerUsed: 'sim',
  providerRegion: 'eu',
  deploymentRegion: 'local',
  dialect: 'openai',
  endpoint: 'chat_completions',
  streaming: true,
  byok: false,
  attempts: 1,
  fallbackIndex: 0,
  outcome: 'success',
  statusCode: 200,
  finishReason: 'stop',
  errorType: 'unspecified',
  failurePoint: 'unspecified',
  tokensInput: 12,
  tokensOutput: 34,
  tokensCached: 1,
  tokensCacheWrite: 2,
  tokensReasoning: 3,
  usageSource: 'provider',
  bytesRequest: 500,
  bytesResponse: 900,
  fieldsDropped: 0,
  priced: true,
  costProviderNanos: 123_456n,
  costRouterNanos: 1_000n,
  latencyMsProvider: 5,
  latencyMsTotal: 7,
  timeToFirstTokenMs: 3,
  compressionRatioPermille: 0,
  throughputTokensPerSecond: 0,
  policyVersion: 9n,
  retentionDecision: 'payload',
  retentionReason: 'granted',
  ...change,
});

export interface TransitPublic {
  readonly transitKeyId: Uuid;
  readonly publicKey: Buffer;
}

export interface SealOptions {
  readonly orgId: OrgId;
  readonly apiKeyId: ApiKeyId;
  readonly insightId?: InsightId;
  readonly to: TransitPublic;
  readonly said: string;
  readonly policyVersion?: bigint;
  readonly rawRequest?: RawRequestReference;
}

/** What a router under a grant would publish: a document that says `said`, sealed to the transit key. */
export const sealedSample = (options: SealOptions): SealedPayloadRecord => {
  const { orgId, apiKeyId, to, said, policyVersion = 9n, insightId = newUuidV7(), rawRequest } = options;
  const document: PayloadDocument = payloadDocument({
    messages: [{ role: 'user', content: said }],
    choices: [{ index: 0, message: { role: 'assistant', content: said } }],
    tools: [],
    originalBytes: said.length,
  });
  const sealed = sealPayload(
    encodePayload(document),
    { transitKeyId: uuidBytes(to.transitKeyId), publicKey: to.publicKey },
    { orgId: uuidBytes(orgId), insightId: uuidBytes(insightId), kind: 'payload', policyVersion },
  );
  return { insightId, orgId, apiKeyId, policyVersion, transitKeyId: to.transitKeyId, rawRequest, ...sealed };
};

let nextOffset = 0n;

/** A record as the log would deliver it; sent long ago, so that nothing waits for settings still on their way. */
export const storedRecord = (value: Buffer, change: Partial<StoredRecord> = {}): StoredRecord => {
  nextOffset += 1n;
  return { partition: 0, offset: nextOffset, timestampMs: 0, key: null, value, ...change };
};

export const storedPayload = (
  payload: SealedPayloadRecord,
  change: Partial<StoredRecord> = {},
): StoredRecord => storedRecord(encodeSealedPayload(payload), { key: Buffer.from(payload.orgId), ...change });
