import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { unwrapKey, type WrapBinding, wrapKey } from './index.js';

const key = randomBytes(32);
const wrappingKey = randomBytes(32);
const binding: WrapBinding = {
  purpose: 'payload_content_key',
  orgId: randomBytes(16),
  objectId: randomBytes(16),
  keyVersion: 7,
};
const openFailed = expect.objectContaining({ code: 'open_failed' });
const badLength = expect.objectContaining({ code: 'bad_length' });
const badBinding = expect.objectContaining({ code: 'bad_binding' });

describe('wrapKey', () => {
  it('unwraps again, for any key and binding', () => {
    const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const anyBinding: fc.Arbitrary<WrapBinding> = fc.record({
      purpose: fc.constantFrom(
        'payload_content_key',
        'raw_content_key',
        'at_rest_key',
        'transit_private_key',
      ),
      orgId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      objectId: fc.uint8Array({ minLength: 1, maxLength: 64 }),
      keyVersion: fc.maxSafeNat(),
    });
    fc.assert(
      fc.property(bytes32, bytes32, anyBinding, (inner, outer, bound) => {
        expect(unwrapKey(wrapKey(inner, outer, bound), outer, bound)).toEqual(Buffer.from(inner));
      }),
    );
  });

  it('gives 60 bytes, other ones each time, without the key in them', () => {
    const [first, second] = [wrapKey(key, wrappingKey, binding), wrapKey(key, wrappingKey, binding)];
    expect(first).toHaveLength(60);
    expect(first.equals(second)).toBe(false);
    expect(first.includes(key)).toBe(false);
  });

  it('notices a flip in every byte', () => {
    const wrapped = wrapKey(key, wrappingKey, binding);
    for (let i = 0; i < wrapped.length; i += 1) {
      const altered = Buffer.from(wrapped);
      altered[i] = (altered[i] ?? 0) ^ 0x80;
      expect(() => unwrapKey(altered, wrappingKey, binding)).toThrow(openFailed);
    }
    expect(unwrapKey(wrapped, wrappingKey, binding)).toEqual(key);
  });

  const elsewhere: readonly [string, Partial<WrapBinding>][] = [
    ['purpose', { purpose: 'raw_content_key' }],
    ['organization', { orgId: randomBytes(16) }],
    ['object', { objectId: randomBytes(16) }],
    ['key version', { keyVersion: 8 }],
  ];
  it.each(elsewhere)('does not unwrap for another %s', (_name, change) => {
    const wrapped = wrapKey(key, wrappingKey, binding);
    expect(() => unwrapKey(wrapped, wrappingKey, { ...binding, ...change })).toThrow(openFailed);
  });

  it('does not unwrap under another key', () => {
    expect(() => unwrapKey(wrapKey(key, wrappingKey, binding), randomBytes(32), binding)).toThrow(openFailed);
  });

  it('refuses what has the wrong size or cannot be bound', () => {
    expect(() => wrapKey(randomBytes(31), wrappingKey, binding)).toThrow(badLength);
    expect(() => wrapKey(key, randomBytes(16), binding)).toThrow(badLength);
    expect(() => unwrapKey(randomBytes(59), wrappingKey, binding)).toThrow(badLength);
    const wrong = [
      { purpose: 'other' },
      { orgId: randomBytes(4) },
      { objectId: Buffer.alloc(0) },
      { objectId: Buffer.alloc(65) },
      { keyVersion: -1 },
      { keyVersion: 1.5 },
      { keyVersion: Number.NaN },
    ];
    for (const change of wrong) {
      expect(() => wrapKey(key, wrappingKey, { ...binding, ...change } as WrapBinding)).toThrow(badBinding);
    }
  });
});
