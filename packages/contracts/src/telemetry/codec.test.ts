import { describe, expect, it } from '@jest/globals';
import * as wire from '../gen/ts/lethe/insight/v1/telemetry.js';
import { newUuidV7, uuidBytes } from '../ids/uuid.js';
import { decodeTelemetry } from './codec.js';
import { encodeTelemetry } from './encode-telemetry.js';
import * as enums from './enums.js';
import { decodePack, encodePack, packRecordsMax } from './pack.js';
import type { Telemetry } from './telemetry.js';

const sample = (): Telemetry => ({
  insightId: newUuidV7(),
  occurredAtMs: 1_795_287_600_123,
  orgId: newUuidV7(),
  groupId: undefined,
  apiKeyId: newUuidV7(),
  userId: 'user-1',
  traceId: '',
  tags: ['team:blue'],
  extras: [{ key: 'tier', value: 'gold' }],
  modelRequested: 'sim/echo',
  modelUsed: 'sim/echo',
  modelVersion: '',
  providerUsed: 'sim',
  providerRegion: '',
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
  costRouterNanos: 0n,
  latencyMsProvider: 5,
  latencyMsTotal: 7,
  timeToFirstTokenMs: 3,
  compressionRatioPermille: 0,
  throughputTokensPerSecond: 0,
  policyVersion: 9n,
  retentionDecision: 'payload',
  retentionReason: 'granted',
});

describe('telemetry codec', () => {
  it('carries every field there and back', () => {
    const telemetry = sample();
    expect(decodeTelemetry(encodeTelemetry(telemetry))).toEqual({ ok: true, telemetry });
  });

  it('keeps the domain lists equal to the proto enums', () => {
    const lists: [readonly string[], Record<string, unknown>][] = [
      [enums.dialects, wire.Dialect],
      [enums.endpoints, wire.Endpoint],
      [enums.outcomes, wire.Outcome],
      [enums.finishReasons, wire.FinishReason],
      [enums.failurePoints, wire.FailurePoint],
      [enums.usageSources, wire.UsageSource],
      [enums.retentionDecisions, wire.RetentionDecision],
      [enums.retentionReasons, wire.RetentionReason],
    ];
    for (const [domain, proto] of lists) {
      const names = Object.entries(proto).filter(
        ([name, value]) => typeof value === 'number' && name !== 'UNRECOGNIZED',
      );
      expect(names).toHaveLength(domain.length);
      for (const [name, value] of names)
        expect(name.endsWith((domain[value as number] as string).toUpperCase())).toBe(true);
    }
    const errorNames = Object.entries(wire.ErrorType).filter(([, v]) => typeof v === 'number' && v !== -1);
    expect(Object.fromEntries(errorNames.map(([name, v]) => [v, name]))).toEqual(
      Object.fromEntries(
        Object.entries(enums.errorTypes).map(([name, v]) => [
          v,
          `ERROR_TYPE_${name.replace('.', '_').toUpperCase()}`,
        ]),
      ),
    );
  });

  it('rejects an unknown field, so that no later version can smuggle text past this one', () => {
    const withText = Buffer.concat([
      encodeTelemetry(sample()),
      Buffer.from([0xaa, 0x3f, 5]),
      Buffer.from('hello'),
    ]);
    expect(decodeTelemetry(withText)).toEqual({ ok: false, reject: 'unknown_field' });
  });

  it('rejects text where an identifier belongs', () => {
    expect(decodeTelemetry(encodeTelemetry({ ...sample(), userId: 'what is said' }))).toEqual({
      ok: false,
      reject: 'bad_identifier',
    });
    expect(decodeTelemetry(encodeTelemetry({ ...sample(), tags: Array(9).fill('a') }))).toEqual({
      ok: false,
      reject: 'bad_identifier',
    });
    expect(
      decodeTelemetry(encodeTelemetry({ ...sample(), extras: [{ key: 'a', value: 'x'.repeat(65) }] })),
    ).toEqual({ ok: false, reject: 'bad_identifier' });
  });

  it('rejects enum values outside their list, broken ids and garbage', () => {
    const base = wire.TelemetryRecord.decode(encodeTelemetry(sample()));
    const encode = (change: Partial<wire.TelemetryRecord>) =>
      Buffer.from(wire.TelemetryRecord.encode({ ...base, ...change }).finish());
    expect(decodeTelemetry(encode({ outcome: 77 as wire.Outcome }))).toEqual({
      ok: false,
      reject: 'unknown_enum',
    });
    expect(decodeTelemetry(encode({ errorType: 30 as wire.ErrorType }))).toEqual({
      ok: false,
      reject: 'unknown_enum',
    });
    expect(decodeTelemetry(encode({ orgId: Buffer.from('short') }))).toEqual({ ok: false, reject: 'bad_id' });
    expect(decodeTelemetry(Buffer.from('not protobuf at all, rather a sentence'))).toMatchObject({
      ok: false,
    });
    expect(decodeTelemetry(Buffer.alloc(5000))).toEqual({ ok: false, reject: 'too_large' });
  });
});

describe('telemetry pack', () => {
  it('splits what it joined', () => {
    const records = [1, 127, 128, 4000].map((n) => Buffer.alloc(n, n));
    expect(decodePack(encodePack(records)).map((e) => e.bytes)).toEqual(records);
  });

  it('keeps what stands before a broken length', () => {
    const pack = encodePack([Buffer.from('abc'), uuidBytes(newUuidV7())]);
    const entries = decodePack(pack.subarray(0, pack.length - 1));
    expect(entries).toEqual([
      { ordinal: 0, bytes: Buffer.from('abc') },
      { ordinal: 1, bytes: undefined },
    ]);
  });

  it('refuses more records than a pack may hold', () => {
    const entries = decodePack(encodePack(Array(packRecordsMax + 1).fill(Buffer.from('x'))));
    expect(entries).toHaveLength(packRecordsMax + 1);
    expect(entries.at(-1)?.bytes).toBeUndefined();
  });
});
