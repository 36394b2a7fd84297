import { describe, expect, it } from '@jest/globals';
import { encodeTelemetry, newUuidV7, type Telemetry, uuidBytes } from '@lethe/contracts';
import { decodePayload, generateTransitKeyPair, openPayload, unsealContentKey } from '@lethe/sealed-payload';
import { decideRetention, type RetentionDecision } from '@lethe/zdr-policy';
import truthTable from '@lethe/zdr-policy/truth-table.json' with { type: 'json' };
import { keySha256Hex, policyOf } from '../testing/policy-of.js';
import { buildInsight, type RequestFacts } from './build-insight.js';
import { noCallerFields } from './caller-fields.js';
import { ResponseCapture } from './capture-response.js';
import type { CapturedExchange } from './captured-exchange.js';
import { decideNow } from './decide.js';

const canary = 'ZDR-CANARY-7f1f';
const requestId = newUuidV7();
const transit = generateTransitKeyPair();
const transitKeyId = newUuidV7();
const sealingKey = { transitKeyId, publicKey: transit.publicKey };

const factsOf = (principal: RequestFacts['principal']): RequestFacts => ({
  insightId: requestId,
  occurredAtMs: 1,
  dialect: 'openai',
  endpoint: 'chat_completions',
  principal,
  callerFields: noCallerFields,
  routed: undefined,
  streaming: false,
  attempts: 1,
  fallbackIndex: 0,
  outcome: 'success',
  statusCode: 200,
  finishReason: 'stop',
  errorType: 'unspecified',
  failurePoint: 'unspecified',
  usage: { tokensInput: 1, tokensOutput: 1, tokensCached: 0, tokensCacheWrite: 0, tokensReasoning: 0 },
  usageSource: 'provider',
  cost: { priced: true, providerNanos: 0n, routerNanos: 0n },
  bytesRequest: 1,
  bytesResponse: 1,
  latencyMsProvider: 1,
  latencyMsTotal: 1,
  timeToFirstTokenMs: 1,
  policyVersion: 1n,
});

/** Content that was captured under a grant, whatever became of the grant afterwards. */
const capturedUnder = (response: ResponseCapture): CapturedExchange => {
  response.tap(
    Buffer.from(JSON.stringify({ choices: [{ message: { content: canary } }] })),
    0,
    53 + canary.length,
  );
  const messages = Buffer.from(JSON.stringify([{ role: 'user', content: canary }]));
  return {
    endpoint: 'chat_completions',
    system: undefined,
    messages,
    tools: undefined,
    requestTruncated: false,
    originalBytes: 99,
    response,
    streaming: false,
    wipe: () => {
      messages.fill(0);
      response.wipe();
    },
  };
};
const anyGrant = () => {
  const decision = decideRetention(requestId, {
    orgPolicy: 'known',
    zdr: false,
    keyLogging: true,
    sealingKey: true,
    wish: 'none',
  });
  if (decision.kind !== 'payload_granted') throw new Error('no grant');
  return decision.grant;
};
const capture = (): ResponseCapture =>
  ResponseCapture.forGrant(anyGrant(), requestId, 65_536) as ResponseCapture;

const decisionFor = (row: readonly unknown[]): { decision: RetentionDecision; facts: RequestFacts } => {
  const [orgPolicy, zdr, logging, hasKey, wish] = row as [
    'known' | 'unknown' | 'stale',
    boolean,
    boolean,
    boolean,
    string,
  ];
  const { policy, principal } = policyOf({
    orgKnown: orgPolicy !== 'unknown',
    gateOpen: orgPolicy === 'known',
    zdr,
    logging,
    sealingKey: hasKey ? sealingKey : undefined,
  });
  return {
    decision: decideNow(requestId, policy, principal, wish === 'telemetry_only'),
    facts: factsOf(principal),
  };
};

describe('layer 1, the payload gate, against the truth table', () => {
  it.each(truthTable.layers.rows.map((row) => [row.slice(0, 5).join(' '), row] as const))(
    '%s',
    (_name, row) => {
      const { decision, facts } = decisionFor(row);
      const { payload, telemetry } = buildInsight(facts, decision, capturedUnder(capture()), 'local');
      const expected = row[5] === 'payload';
      expect([payload !== undefined, telemetry.retentionDecision]).toEqual([
        expected,
        expected ? 'payload' : 'telemetry',
      ]);
    },
  );

  it.each(truthTable.retention.rows.map((row) => [row.slice(0, 5).join(' '), row] as const))(
    'gives the first reason: %s',
    (_name, row) => {
      const { decision } = decisionFor(row);
      // Through this layer an unknown organization shows nothing else; every other row must agree in full.
      expect(decision.kind).toBe(row[5]);
      if (decision.kind === 'telemetry_only') expect(decision.reason).toBe(row[6]);
    },
  );
});

describe('layer 1 by itself', () => {
  const granted = () => policyOf({ logging: true, sealingKey });

  it('positive control: under a grant the payload can be opened with the private half, and holds what was said', () => {
    const { policy, principal } = granted();
    const decision = decideNow(requestId, policy, principal, false);
    const { payload } = buildInsight(factsOf(principal), decision, capturedUnder(capture()), 'local');
    if (payload === undefined) throw new Error('no payload');
    const binding = {
      orgId: uuidBytes(payload.orgId),
      insightId: uuidBytes(requestId),
      kind: 'payload' as const,
      policyVersion: 1n,
    };
    const contentKey = unsealContentKey(
      payload.contentKey,
      { transitKeyId: uuidBytes(transitKeyId), privateKey: transit.privateKey },
      binding,
    );
    const plain = openPayload({ nonce: payload.nonce, ciphertext: payload.ciphertext }, contentKey, {
      ...binding,
      transitKeyId: uuidBytes(transitKeyId),
    });
    expect(JSON.stringify(decodePayload(plain))).toContain(canary);
  });

  it('the grant is the key: a granted decision without a sealing key attaches nothing', () => {
    const { principal } = policyOf({ logging: true });
    const { payload, telemetry } = buildInsight(
      factsOf(principal),
      { kind: 'payload_granted', grant: anyGrant() },
      capturedUnder(capture()),
      'local',
    );
    expect([payload, telemetry.retentionReason]).toEqual([undefined, 'payload_dropped']);
  });

  it('a grant for another request captures nothing and attaches nothing', () => {
    const other = newUuidV7();
    expect(ResponseCapture.forGrant(anyGrant(), other, 100)).toBeUndefined();
    const { principal } = granted();
    const facts = { ...factsOf(principal), insightId: other };
    expect(
      buildInsight(facts, { kind: 'payload_granted', grant: anyGrant() }, capturedUnder(capture()), 'local')
        .payload,
    ).toBeUndefined();
  });

  it('overwrites what was captured, whether it was attached or not', () => {
    for (const decision of [
      { kind: 'payload_granted', grant: anyGrant() },
      { kind: 'telemetry_only', reason: 'zdr' },
    ] as const) {
      const { principal } = granted();
      const captured = capturedUnder(capture());
      buildInsight(factsOf(principal), decision, captured, 'local');
      expect(captured.messages?.every((byte) => byte === 0)).toBe(true);
    }
  });

  it('no content reaches telemetry, decided either way', () => {
    const { policy, principal } = granted();
    const { telemetry } = buildInsight(
      factsOf(principal),
      decideNow(requestId, policy, principal, false),
      capturedUnder(capture()),
      'local',
    );
    expect(encodeTelemetry(telemetry as Telemetry).includes(canary)).toBe(false);
  });

  it('a key that moved or vanished between the two decisions is unknown', () => {
    const { policy, principal } = granted();
    const stranger = { ...principal, key: { ...principal.key, orgId: newUuidV7() } };
    expect(decideNow(requestId, policy, stranger, false)).toMatchObject({
      kind: 'telemetry_only',
      reason: 'policy_unknown',
    });
    expect(
      decideNow(requestId, policy, { ...principal, keySha256Hex: keySha256Hex.replace('a', 'c') }, false),
    ).toMatchObject({ reason: 'policy_unknown' });
  });
});
