import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { contentAad, contentKeyAad, lengthPrefixed, type PayloadBinding, transitInfo } from './binding.js';

const binding: PayloadBinding = {
  orgId: Buffer.alloc(16, 1),
  insightId: Buffer.alloc(16, 2),
  kind: 'payload',
  policyVersion: 3n,
};
const keyId = Buffer.from([4]);

describe('lengthPrefixed', () => {
  const anyParts = fc.array(fc.uint8Array({ maxLength: 6 }), { maxLength: 5 });
  const spelled = (parts: readonly Uint8Array[]) =>
    JSON.stringify(parts.map((part) => Buffer.from(part).toString('hex')));

  it('gives different bytes to different lists of parts', () => {
    fc.assert(
      fc.property(anyParts, anyParts, (a, b) => {
        expect(lengthPrefixed(a).equals(lengthPrefixed(b))).toBe(spelled(a) === spelled(b));
      }),
    );
  });

  it('tells apart what plain concatenation cannot', () => {
    const [a, b] = [
      ['ab', 'c'],
      ['a', 'bc'],
    ] as const;
    expect(a.join('')).toBe(b.join(''));
    expect(lengthPrefixed(a)).not.toEqual(lengthPrefixed(b));
  });
});

describe('what the bindings say', () => {
  // Spelled out once: a record sealed today must open after any change of this package.
  it('is fixed to the byte', () => {
    expect(contentAad(binding, keyId).toString('latin1')).toBe(
      `\0\0\0\x10lethe/content/v1\0\0\0\x10${'\x01'.repeat(16)}\0\0\0\x10${'\x02'.repeat(16)}` +
        '\0\0\0\x07payload\0\0\0\x08\0\0\0\0\0\0\0\x03\0\0\0\x01\x04',
    );
    expect(transitInfo(binding.orgId, keyId).toString('latin1')).toBe(
      `\0\0\0\x10lethe/transit/v1\0\0\0\x10${'\x01'.repeat(16)}\0\0\0\x01\x04`,
    );
  });

  it('differs between the content and its key', () => {
    expect(contentKeyAad(binding, keyId)).not.toEqual(contentAad(binding, keyId));
  });
});
