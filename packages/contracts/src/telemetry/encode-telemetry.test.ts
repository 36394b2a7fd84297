import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TelemetryRecord } from '../gen/ts/lethe/insight/v1/telemetry.js';
import { newUuidV7, type Uuid, uuidBytes } from '../ids/uuid.js';
import { encodeTelemetry } from './encode-telemetry.js';
import * as enums from './enums.js';
import { telemetryRecordBytesMax } from './limits.js';
import type { Telemetry } from './telemetry.js';
import { TelemetryWriter } from './telemetry-writer.js';

/** The same record through the generated encoder: the yardstick. */
const yardstick = (t: Telemetry): Buffer =>
  Buffer.from(
    TelemetryRecord.encode({
      ...t,
      insightId: uuidBytes(t.insightId),
      occurredAtMs: BigInt(t.occurredAtMs),
      orgId: uuidBytes(t.orgId),
      groupId: uuidBytes(t.groupId),
      apiKeyId: uuidBytes(t.apiKeyId),
      tags: [...t.tags],
      extras: [...t.extras],
      dialect: enums.dialects.indexOf(t.dialect),
      endpoint: enums.endpoints.indexOf(t.endpoint),
      outcome: enums.outcomes.indexOf(t.outcome),
      finishReason: enums.finishReasons.indexOf(t.finishReason),
      errorType: enums.errorTypes[t.errorType],
      failurePoint: enums.failurePoints.indexOf(t.failurePoint),
      usageSource: enums.usageSources.indexOf(t.usageSource),
      retentionDecision: enums.retentionDecisions.indexOf(t.retentionDecision),
      retentionReason: enums.retentionReasons.indexOf(t.retentionReason),
      tokensInput: BigInt(t.tokensInput),
      tokensOutput: BigInt(t.tokensOutput),
      tokensCached: BigInt(t.tokensCached),
      tokensCacheWrite: BigInt(t.tokensCacheWrite),
      tokensReasoning: BigInt(t.tokensReasoning),
      bytesRequest: BigInt(t.bytesRequest),
      bytesResponse: BigInt(t.bytesResponse),
    }).finish(),
  );

const id = fc.constantFrom(
  undefined,
  newUuidV7(),
  newUuidV7(),
  'ffffffff-ffff-7fff-bfff-ffffffffffff' as Uuid,
);
const text = fc.oneof(
  fc.constant(''),
  fc.string({ maxLength: 160 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);
const uint32 = fc.oneof(fc.nat(200), fc.integer({ min: 0, max: 0xffff_ffff }));
const count = fc.oneof(uint32, fc.maxSafeNat());
const nanos = fc.oneof(fc.bigInt({ min: 0n, max: 300n }), fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }));
const telemetry = fc.record({
  insightId: fc.constant(newUuidV7()),
  occurredAtMs: count,
  orgId: id,
  groupId: id,
  apiKeyId: id,
  userId: text,
  traceId: text,
  tags: fc.array(text, { maxLength: 8 }),
  extras: fc.array(fc.record({ key: text, value: text }), { maxLength: 8 }),
  modelRequested: text,
  modelUsed: text,
  modelVersion: text,
  providerUsed: text,
  providerRegion: text,
  deploymentRegion: text,
  dialect: fc.constantFrom(...enums.dialects),
  endpoint: fc.constantFrom(...enums.endpoints),
  streaming: fc.boolean(),
  byok: fc.boolean(),
  attempts: uint32,
  fallbackIndex: uint32,
  outcome: fc.constantFrom(...enums.outcomes),
  statusCode: uint32,
  finishReason: fc.constantFrom(...enums.finishReasons),
  errorType: fc.constantFrom(...(Object.keys(enums.errorTypes) as (keyof typeof enums.errorTypes)[])),
  failurePoint: fc.constantFrom(...enums.failurePoints),
  tokensInput: count,
  tokensOutput: count,
  tokensCached: count,
  tokensCacheWrite: count,
  tokensReasoning: count,
  usageSource: fc.constantFrom(...enums.usageSources),
  bytesRequest: count,
  bytesResponse: count,
  fieldsDropped: uint32,
  priced: fc.boolean(),
  costProviderNanos: nanos,
  costRouterNanos: nanos,
  latencyMsProvider: uint32,
  latencyMsTotal: uint32,
  timeToFirstTokenMs: uint32,
  compressionRatioPermille: uint32,
  throughputTokensPerSecond: uint32,
  policyVersion: fc.oneof(nanos, fc.bigInt({ min: 2n ** 63n, max: 2n ** 64n - 1n })),
  retentionDecision: fc.constantFrom(...enums.retentionDecisions),
  retentionReason: fc.constantFrom(...enums.retentionReasons),
}) as fc.Arbitrary<Telemetry>;

describe('the hand-written encoder', () => {
  it('writes what the generated one writes, for any record within the bound', () => {
    fc.assert(
      fc.property(telemetry, (record) => {
        const expected = yardstick(record);
        if (expected.length > telemetryRecordBytesMax)
          expect(() => encodeTelemetry(record)).toThrow(RangeError);
        else expect(encodeTelemetry(record).equals(expected)).toBe(true);
      }),
      { seed: 4, numRuns: process.env.LETHE_LONG === '1' ? 50_000 : 1_500 },
    );
  });

  it('tells a record that differs in one count', () => {
    const [record] = fc.sample(telemetry, { seed: 1, numRuns: 1 }) as [Telemetry];
    const other = { ...record, tokensInput: record.tokensInput + 1 };
    expect(encodeTelemetry(other).equals(yardstick(record))).toBe(false);
  });

  it('refuses what is no count', () => {
    const writer = new TelemetryWriter();
    for (const value of [-1, 0.5, Number.NaN, 2 ** 53])
      expect(() => writer.count(1, value)).toThrow(RangeError);
    for (const value of [-1n, 2n ** 64n]) expect(() => writer.bigCount(1, value)).toThrow(RangeError);
  });
});
