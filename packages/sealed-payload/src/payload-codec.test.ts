import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodePayload, encodePayload, type PayloadDocument, payloadDocument } from './index.js';

const document: PayloadDocument = {
  messages: [{ role: 'user', content: 'häß 😀 \ud800' }],
  choices: [{ index: 0 }],
  tools: [],
  truncated: true,
  originalBytes: 12,
  dropped: { messages: 1, choices: 2, tools: 3, values: 4 },
  truncations: [{ path: '/messages/0/content', originalBytes: 99 }],
};
const badDocument = expect.objectContaining({ code: 'bad_document' });

function encodedWith(change: object): Buffer {
  return Buffer.from(JSON.stringify({ version: 1, ...document, ...change }));
}

describe('the payload codec', () => {
  it('gives back what went in', () => {
    expect(decodePayload(encodePayload(document))).toEqual(document);
    expect(decodePayload(encodedWith({}))).toEqual(document);
  });

  it('drops members it does not know', () => {
    expect(decodePayload(encodedWith({ extra: 'x' }))).toEqual(document);
    expect(encodePayload({ ...document, extra: 'x' } as PayloadDocument).includes('extra')).toBe(false);
  });

  it('keeps a short payload out of the memory that other Buffers share', () => {
    const shared = Buffer.from('short').buffer;
    expect(encodePayload(payloadDocument({ ...document })).buffer).not.toBe(shared);
    expect(Buffer.from('also short').buffer).toBe(shared);
  });

  it.each([
    { version: 2 },
    { version: undefined },
    { messages: {} },
    { choices: undefined },
    { tools: null },
    { truncated: 1 },
    { originalBytes: -1 },
    { originalBytes: 1.5 },
    { originalBytes: '12' },
    { dropped: null },
    { dropped: { messages: 1, choices: 2, tools: 3 } },
    { truncations: {} },
    { truncations: [null] },
    { truncations: [{ path: 7, originalBytes: 1 }] },
    { truncations: [{ path: '/', originalBytes: -1 }] },
  ])('refuses %p', (change) => {
    expect(() => decodePayload(encodedWith(change))).toThrow(badDocument);
  });

  it('refuses to write what it would not read, or what is no JSON', () => {
    const holdsItself: unknown[] = [];
    holdsItself.push(holdsItself);
    const wrong = [
      { messages: 'text' },
      { truncated: 'yes' },
      { originalBytes: Number.NaN },
      { messages: [1n] },
      { messages: holdsItself },
    ];
    for (const change of wrong) {
      expect(() => encodePayload({ ...document, ...change } as PayloadDocument)).toThrow(badDocument);
    }
  });

  it('refuses any other bytes with the same closed code', () => {
    const others = [
      Buffer.alloc(0),
      Buffer.from('null'),
      Buffer.from('[]'),
      Buffer.from('{'),
      Buffer.from('{}'),
    ];
    const truncatedCharacter = encodedWith({}).subarray(0, 50);
    const byteOrderMark = Buffer.concat([Buffer.from('efbbbf', 'hex'), encodedWith({})]);
    const notUtf8 = Buffer.from([0x22, 0xff, 0x22]);
    for (const bytes of [...others, truncatedCharacter, byteOrderMark, notUtf8]) {
      expect(() => decodePayload(bytes)).toThrow(badDocument);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(() => decodePayload(bytes)).toThrow(badDocument);
      }),
    );
  });

  it('refuses more than 64 MiB either way', () => {
    const tooMuch = Buffer.alloc(64 * 1024 * 1024 + 1, ' ');
    expect(() => decodePayload(tooMuch)).toThrow(badDocument);
    const text = 'x'.repeat(64 * 1024 * 1024);
    expect(() => encodePayload({ ...document, messages: [text] })).toThrow(badDocument);
  });
});
