import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PayloadBinding } from './index.js';
import {
  generateTransitKeyPair,
  openPayload,
  type SealedPayload,
  sealPayload,
  unsealContentKey,
} from './index.js';

const pair = generateTransitKeyPair();
const transitKeyId = randomBytes(16);
const to = { transitKeyId, publicKey: pair.publicKey };
const by = { transitKeyId, privateKey: pair.privateKey };
const binding: PayloadBinding = {
  orgId: randomBytes(16),
  insightId: randomBytes(16),
  kind: 'payload',
  policyVersion: 42n,
};
const plaintext = Buffer.from('{"messages":["what was said"]}');

const openFailed = expect.objectContaining({ code: 'open_failed' });
const badBinding = expect.objectContaining({ code: 'bad_binding' });

/** What accounting does when somebody may read: unseal the content key, then open the content with it. */
function open(sealed: SealedPayload, bound = binding, own = by): Buffer {
  const contentKey = unsealContentKey(sealed.contentKey, own, bound);
  return openPayload(sealed, contentKey, { ...bound, transitKeyId: own.transitKeyId });
}

function flipped(bytes: Uint8Array, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0x01;
  return copy;
}

describe('sealPayload', () => {
  it('opens again, for any content and any binding', () => {
    const id = fc.uint8Array({ minLength: 16, maxLength: 16 });
    const anyBinding = fc.record({
      orgId: id,
      insightId: id,
      kind: fc.constantFrom('payload' as const, 'raw' as const),
      policyVersion: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    });
    const anyKeyId = fc.uint8Array({ minLength: 1, maxLength: 64 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), anyBinding, anyKeyId, (content, bound, keyId) => {
        const own = generateTransitKeyPair();
        const sealed = sealPayload(content, { transitKeyId: keyId, publicKey: own.publicKey }, bound);
        const opened = open(sealed, bound, { transitKeyId: Buffer.from(keyId), privateKey: own.privateKey });
        expect(opened).toEqual(Buffer.from(content));
      }),
      { numRuns: 50 },
    );
  });

  it('has the sizes that travel: 32 and 48 bytes of key, 12 of nonce, 16 of tag', () => {
    const { contentKey, nonce, ciphertext } = sealPayload(plaintext, to, binding);
    expect([contentKey.enc.length, contentKey.ct.length, nonce.length]).toEqual([32, 48, 12]);
    expect(ciphertext).toHaveLength(plaintext.length + 16);
    expect(ciphertext.includes('what was said')).toBe(false);
  });

  it('shares nothing between two seals of the same content', () => {
    const [first, second] = [sealPayload(plaintext, to, binding), sealPayload(plaintext, to, binding)];
    expect(first.nonce.equals(second.nonce)).toBe(false);
    expect(first.contentKey.enc.equals(second.contentKey.enc)).toBe(false);
    expect(first.ciphertext.subarray(0, 8).equals(second.ciphertext.subarray(0, 8))).toBe(false);
    const [one, other] = [first, second].map((sealed) => unsealContentKey(sealed.contentKey, by, binding));
    expect(one?.equals(other ?? Buffer.alloc(0))).toBe(false);
  });

  it('leaves the plaintext to its owner', () => {
    const content = Buffer.from(plaintext);
    sealPayload(content, to, binding);
    expect(content).toEqual(plaintext);
  });
});

describe('a sealed payload that was altered does not open', () => {
  const sealed = sealPayload(plaintext, to, binding);

  it('opens untouched', () => {
    expect(open(sealed)).toEqual(plaintext);
  });

  it.each(['enc', 'ct'] as const)('notices a flip in every byte of contentKey.%s', (part) => {
    for (let i = 0; i < sealed.contentKey[part].length; i += 1) {
      // The highest bit of an X25519 key is ignored, so only the lowest of each byte is flipped here.
      const contentKey = { ...sealed.contentKey, [part]: flipped(sealed.contentKey[part], i) };
      expect(() => unsealContentKey(contentKey, by, binding)).toThrow(openFailed);
    }
  });

  it('notices the ignored highest bit of enc as well', () => {
    const enc = Buffer.from(sealed.contentKey.enc);
    enc[31] = (enc[31] ?? 0) ^ 0x80;
    expect(() => unsealContentKey({ ...sealed.contentKey, enc }, by, binding)).toThrow(openFailed);
  });

  it.each(['nonce', 'ciphertext'] as const)('notices a flip in every byte of %s', (part) => {
    const contentKey = unsealContentKey(sealed.contentKey, by, binding);
    for (let i = 0; i < sealed[part].length; i += 1) {
      const altered = { ...sealed, [part]: flipped(sealed[part], i) };
      expect(() => openPayload(altered, contentKey, { ...binding, transitKeyId })).toThrow(openFailed);
    }
  });

  it('notices a flip in every byte of the keys', () => {
    const contentKey = unsealContentKey(sealed.contentKey, by, binding);
    for (let i = 0; i < 32; i += 1) {
      const otherKey = flipped(contentKey, i);
      expect(() => openPayload(sealed, otherKey, { ...binding, transitKeyId })).toThrow(openFailed);
    }
    const { privateKey } = generateTransitKeyPair();
    expect(() => unsealContentKey(sealed.contentKey, { transitKeyId, privateKey }, binding)).toThrow(
      openFailed,
    );
  });

  it.each([0, 15, 16, plaintext.length + 15])('notices a ciphertext cut to %i bytes', (byteCount) => {
    const contentKey = unsealContentKey(sealed.contentKey, by, binding);
    const cut = { nonce: sealed.nonce, ciphertext: sealed.ciphertext.subarray(0, byteCount) };
    expect(() => openPayload(cut, contentKey, { ...binding, transitKeyId })).toThrow(
      expect.objectContaining({ code: byteCount < 16 ? 'bad_length' : 'open_failed' }),
    );
  });
});

describe('a record copied to another place does not open there', () => {
  const sealed = sealPayload(plaintext, to, binding);
  const contentKey = unsealContentKey(sealed.contentKey, by, binding);
  const elsewhere: readonly [string, Partial<PayloadBinding & { transitKeyId: Buffer }>][] = [
    ['organization', { orgId: randomBytes(16) }],
    ['insight', { insightId: randomBytes(16) }],
    ['kind', { kind: 'raw' }],
    ['policy version', { policyVersion: 43n }],
    ['transit key id', { transitKeyId: randomBytes(16) }],
    ['transit key id, longer', { transitKeyId: Buffer.concat([transitKeyId, Buffer.alloc(1)]) }],
  ];

  it.each(elsewhere)('another %s', (_name, change) => {
    const bound = { ...binding, transitKeyId, ...change };
    expect(() => unsealContentKey(sealed.contentKey, { ...by, ...bound }, bound)).toThrow(openFailed);
    expect(() => openPayload(sealed, contentKey, bound)).toThrow(openFailed);
  });

  it('organization and insight swapped', () => {
    const bound = { ...binding, transitKeyId, orgId: binding.insightId, insightId: binding.orgId };
    expect(() => unsealContentKey(sealed.contentKey, by, bound)).toThrow(openFailed);
    expect(() => openPayload(sealed, contentKey, bound)).toThrow(openFailed);
  });

  it('the content key of one record does not open another record of the same insight', () => {
    const raw = sealPayload(plaintext, to, { ...binding, kind: 'raw' });
    expect(() => openPayload(raw, contentKey, { ...binding, kind: 'raw', transitKeyId })).toThrow(openFailed);
  });

  it('opens at its own place', () => {
    expect(openPayload(sealed, contentKey, { ...binding, transitKeyId })).toEqual(plaintext);
  });
});

describe('what cannot be bound or sized is refused', () => {
  const wrong: readonly [string, object][] = [
    ['orgId', { orgId: randomBytes(15) }],
    ['insightId', { insightId: randomBytes(17) }],
    ['kind', { kind: 'telemetry' }],
    ['negative version', { policyVersion: -1n }],
    ['version past 64 bits', { policyVersion: 2n ** 64n }],
    ['version that is no bigint', { policyVersion: 42 }],
    ['orgId that is text', { orgId: 'sixteen-bytes-!!' }],
  ];

  it.each(wrong)('%s', (_name, change) => {
    const bound = { ...binding, ...change } as PayloadBinding;
    const sealed = sealPayload(plaintext, to, binding);
    expect(() => sealPayload(plaintext, to, bound)).toThrow(badBinding);
    expect(() => unsealContentKey(sealed.contentKey, by, bound)).toThrow(badBinding);
    expect(() => openPayload(sealed, randomBytes(32), { ...bound, transitKeyId })).toThrow(badBinding);
  });

  it('transit key ids that are empty or longer than 64 bytes', () => {
    for (const id of [Buffer.alloc(0), Buffer.alloc(65)]) {
      expect(() => sealPayload(plaintext, { ...to, transitKeyId: id }, binding)).toThrow(badBinding);
    }
  });

  it('sealed keys, content keys and nonces of another length', () => {
    const badLength = expect.objectContaining({ code: 'bad_length' });
    const sealed = sealPayload(plaintext, to, binding);
    const { enc, ct } = sealed.contentKey;
    expect(() => unsealContentKey({ enc: enc.subarray(1), ct }, by, binding)).toThrow(badLength);
    expect(() => unsealContentKey({ enc, ct: ct.subarray(1) }, by, binding)).toThrow(badLength);
    const bound = { ...binding, transitKeyId };
    expect(() => openPayload(sealed, randomBytes(16), bound)).toThrow(badLength);
    const shortNonce = { ...sealed, nonce: sealed.nonce.subarray(1) };
    expect(() => openPayload(shortNonce, randomBytes(32), bound)).toThrow(badLength);
  });

  it('content past 64 MiB', () => {
    const tooMuch = Buffer.alloc(64 * 1024 * 1024 + 1);
    expect(() => sealPayload(tooMuch, to, binding)).toThrow(expect.objectContaining({ code: 'bad_length' }));
  });
});
