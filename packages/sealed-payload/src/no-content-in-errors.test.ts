import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import {
  decodePayload,
  encodePayload,
  generateTransitKeyPair,
  openPayload,
  type PayloadDocument,
  payloadDocument,
  type SealedPayloadError,
  sealPayload,
  truncatePayload,
  unsealContentKey,
  unwrapKey,
  type WrapBinding,
  wrapKey,
} from './index.js';

const CANARY = 'ZDR-CANARY-0f6f5ad2-what-was-said';
const canary = Buffer.from(CANARY);
const pair = generateTransitKeyPair();
const to = { transitKeyId: canary, publicKey: pair.publicKey };
const by = { transitKeyId: canary, privateKey: pair.privateKey };
const binding = {
  orgId: canary.subarray(0, 16),
  insightId: canary.subarray(16, 32),
  kind: 'payload' as const,
  policyVersion: 1n,
};
const wrapBinding: WrapBinding = {
  purpose: 'at_rest_key',
  orgId: canary.subarray(0, 16),
  objectId: canary,
  keyVersion: 1,
};
const sealed = sealPayload(canary, to, binding);
const key32 = canary.subarray(0, 32);
const canaryDocument = payloadDocument({ messages: [CANARY, 1n], choices: [], tools: [], originalBytes: 0 });
const wrongKind = { ...binding, kind: CANARY } as unknown as typeof binding;

const FAILURES: readonly (readonly [string, () => unknown])[] = [
  ['seal to a bad key', () => sealPayload(canary, { ...to, publicKey: canary }, binding)],
  ['seal with a bad binding', () => sealPayload(canary, to, wrongKind)],
  [
    'unseal with a wrong key',
    () => unsealContentKey(sealed.contentKey, { ...by, privateKey: key32 }, binding),
  ],
  ['unseal garbage', () => unsealContentKey({ enc: canary, ct: canary }, by, binding)],
  ['open with a wrong key', () => openPayload(sealed, key32, { ...binding, transitKeyId: canary })],
  ['open garbage', () => openPayload({ nonce: canary, ciphertext: canary }, key32, { ...binding, ...to })],
  ['wrap garbage', () => wrapKey(canary, key32, wrapBinding)],
  ['unwrap garbage', () => unwrapKey(canary, key32, wrapBinding)],
  [
    'unwrap with a wrong key',
    () => unwrapKey(wrapKey(key32, key32, wrapBinding), randomBytes(32), wrapBinding),
  ],
  ['encode what is no JSON', () => encodePayload(canaryDocument)],
  ['encode what is no document', () => encodePayload({ messages: CANARY } as unknown as PayloadDocument)],
  ['decode broken JSON', () => decodePayload(Buffer.from(`{"messages": ${CANARY}`))],
  ['decode text', () => decodePayload(canary)],
  [
    'decode another shape',
    () => decodePayload(Buffer.from(JSON.stringify({ version: 1, messages: CANARY }))),
  ],
  [
    'truncate with bad limits',
    () => truncatePayload(canaryDocument, { maxBytesPerPart: 1, maxBytesTotal: 1, maxParts: 1 }),
  ],
];

/** All that can be got out of an error: its own members, hidden ones too, as printed and as bytes. */
function everything(error: unknown): string {
  return inspect(error, { showHidden: true, depth: 20, getters: true, maxStringLength: null });
}

function caught(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('no error of this package quotes what it was given', () => {
  it.each(FAILURES)('%s', (_name, fail) => {
    const error = caught(fail) as SealedPayloadError;
    expect(error.name).toBe('SealedPayloadError');
    expect(error.cause).toBeUndefined();
    expect(Object.keys(error).sort()).toEqual(['code', 'name']);
    const text = everything(error);
    for (let i = 0; i + 8 <= CANARY.length; i += 1) expect(text).not.toContain(CANARY.slice(i, i + 8));
    expect(text).not.toContain(key32.toString('hex').slice(0, 16));
  });

  it('would find what the built-in errors quote', () => {
    const parse = caught(() => JSON.parse(`{"messages": ${CANARY}`));
    expect(everything(parse)).toContain(CANARY.slice(0, 8));
    expect(everything(new Error('failed', { cause: { body: CANARY } }))).toContain(CANARY);
  });
});
