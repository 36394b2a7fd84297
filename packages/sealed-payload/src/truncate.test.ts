import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { PayloadDocument, PayloadLimits } from './index.js';
import { decodePayload, encodePayload, payloadDocument, truncatePayload } from './index.js';

const ROOMY: PayloadLimits = { maxBytesPerPart: 1000, maxBytesTotal: 100_000, maxParts: 1000 };

function documentOf(
  content: Partial<Pick<PayloadDocument, 'messages' | 'choices' | 'tools'>>,
): PayloadDocument {
  return payloadDocument({ messages: [], choices: [], tools: [], originalBytes: 123, ...content });
}

/** Every string in a value, however deep, and not the names of members. */
function strings(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(strings) : [];
}

const anyString = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.string({ maxLength: 20 }),
  fc.constant('\u0001'.repeat(300)),
  fc.constant('\ud800 lone \udc00'),
  fc.constant('data:image/png;base64,QUJDREVGRw=='),
);
const { anyValue } = fc.letrec((tie) => ({
  anyValue: fc.oneof(
    { depthSize: 'medium', maxDepth: 6 },
    anyString,
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('anyValue'), { maxLength: 5 }),
    fc.dictionary(
      fc.oneof(
        fc.constantFrom(
          'role',
          'content',
          'data',
          'source',
          'input_audio',
          'file_data',
          '__proto__',
          'toJSON',
        ),
        fc.string({ unit: 'binary', maxLength: 300 }),
      ),
      tie('anyValue'),
      { maxKeys: 5 },
    ),
  ),
}));
const anyList = fc.array(anyValue, { maxLength: 8 });
const anyDocument = fc
  .record({ messages: anyList, choices: anyList, tools: anyList, originalBytes: fc.maxSafeNat() })
  .map(payloadDocument);
const anyLimits: fc.Arbitrary<PayloadLimits> = fc.record({
  maxBytesPerPart: fc.integer({ min: 128, max: 300 }),
  maxBytesTotal: fc.integer({ min: 1024, max: 20_000 }),
  maxParts: fc.integer({ min: 1, max: 60 }),
});

describe('truncatePayload, for any document and any limits', () => {
  it('stays under every limit, encoded', () => {
    let wasOver = 0;
    fc.assert(
      fc.property(anyDocument, anyLimits, (document, limits) => {
        wasOver += encodePayload(document).length > limits.maxBytesTotal ? 1 : 0;
        const { messages, choices, tools, ...rest } = truncatePayload(document, limits);
        const kept = strings([messages, choices, tools]);
        expect(kept.length).toBeLessThanOrEqual(limits.maxParts);
        for (const text of kept) expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limits.maxBytesPerPart);
        const encoded = encodePayload({ messages, choices, tools, ...rest });
        expect(encoded.length).toBeLessThanOrEqual(limits.maxBytesTotal);
      }),
      { numRuns: 400 },
    );
    expect(wasOver).toBeGreaterThan(10);
  });

  it('changes nothing when done again', () => {
    fc.assert(
      fc.property(anyDocument, anyLimits, (document, limits) => {
        const once = truncatePayload(document, limits);
        expect(truncatePayload(once, limits)).toEqual(once);
      }),
      { numRuns: 400 },
    );
  });

  it('travels: what is encoded is valid UTF-8 and JSON and decodes to the same document', () => {
    fc.assert(
      fc.property(anyDocument, anyLimits, (document, limits) => {
        const truncated = truncatePayload(document, limits);
        const encoded = encodePayload(truncated);
        expect(() => new TextDecoder('utf-8', { fatal: true }).decode(encoded)).not.toThrow();
        const decoded = decodePayload(encoded);
        // JSON has no negative zero, so both are compared as what they encode to.
        expect(encodePayload(decoded).equals(encoded)).toBe(true);
        expect(decoded.truncations).toEqual(truncated.truncations);
      }),
      { numRuns: 400 },
    );
  });

  it('says so whenever it left something out, and only then', () => {
    fc.assert(
      fc.property(anyDocument, anyLimits, (document, limits) => {
        const plain = decodePayload(encodePayload(document));
        const { truncated, ...after } = truncatePayload(plain, limits);
        const isWhole = encodePayload({ ...after, truncated: false }).equals(encodePayload(plain));
        expect(truncated).toBe(!isWhole);
      }),
      { numRuns: 400 },
    );
  });

  it('never edits what it was given', () => {
    fc.assert(
      fc.property(anyDocument, anyLimits, (document, limits) => {
        const before = encodePayload(document);
        truncatePayload(document, limits);
        expect(encodePayload(document).equals(before)).toBe(true);
      }),
    );
  });
});

describe('long strings', () => {
  it('are cut on a character border, and their place and length are noted', () => {
    const long = '€'.repeat(500);
    const cut = truncatePayload(documentOf({ messages: [{ role: 'user', content: long }] }), ROOMY);
    expect(cut.messages).toEqual([{ role: 'user', content: '€'.repeat(333) }]);
    expect(cut.truncations).toEqual([{ path: '/messages/0/content', originalBytes: 1500 }]);
    expect(cut.truncated).toBe(true);
  });

  it('are left alone when they fit', () => {
    const document = documentOf({ messages: [{ role: 'user', content: 'short' }] });
    expect(truncatePayload(document, ROOMY)).toEqual(document);
  });

  it('are noted so often and no more, with pointers of bounded length', () => {
    const long = 'x'.repeat(200);
    const messages = Array.from({ length: 100 }, () => ({ ['~/'.repeat(90)]: long }));
    const limits = { ...ROOMY, maxBytesPerPart: 150, maxBytesTotal: 40_000 };
    const { truncations } = truncatePayload(documentOf({ messages }), limits);
    expect(truncations.length).toBeGreaterThan(10);
    expect(Buffer.byteLength(JSON.stringify(truncations))).toBeLessThan(5_100);
    expect(truncations[0]?.path.startsWith('/messages/0/~0~1~0~1')).toBe(true);
    expect(Buffer.byteLength(truncations[0]?.path ?? '')).toBe(128);
    const many = { content: Array.from({ length: 100 }, () => long) };
    expect(truncatePayload(documentOf({ messages: [many] }), limits).truncations).toHaveLength(64);
  });
});

describe('binary content becomes a marker', () => {
  const base64 = Buffer.alloc(3000, 'binary-secret').toString('base64');
  const url = (mediaType: string) => `data:${mediaType};base64,${base64}`;
  const marker = (mediaType: string, bytes = 3000) => ({ type: 'binary', bytes, mediaType });

  it.each([
    ['an image URL', { image_url: { url: url('image/png') } }, { image_url: { url: marker('image/png') } }],
    ['an image URL as text', { image_url: url('image/jpeg') }, { image_url: marker('image/jpeg') }],
    [
      'a data URL with parameters, in capitals',
      { u: `DATA:text/plain;charset=utf-8;name=a b.txt;BASE64,${base64}` },
      { u: marker('text/plain') },
    ],
    ['a data URL without a type', { url: url('') }, { url: marker('application/octet-stream') }],
    [
      'audio in',
      { input_audio: { data: base64, format: 'wav' } },
      { input_audio: { data: marker('audio/wav'), format: 'wav' } },
    ],
    [
      'audio out',
      { audio: { id: 'a', data: base64, transcript: 'said' } },
      { audio: { id: 'a', data: marker('application/octet-stream'), transcript: 'said' } },
    ],
    [
      'audio parts in a list',
      { input_audio: [{ data: base64, format: 'mp3' }] },
      { input_audio: [{ data: marker('audio/mp3'), format: 'mp3' }] },
    ],
    [
      'a file',
      { file: { file_data: url('application/pdf') } },
      { file: { file_data: marker('application/pdf') } },
    ],
    ['a bare file', { file_data: base64 }, { file_data: marker('application/octet-stream') }],
    ['a generated image', { b64_json: base64 }, { b64_json: marker('application/octet-stream') }],
    [
      'a base64 source',
      { source: { type: 'base64', media_type: 'image/webp', data: base64 } },
      { source: { type: 'base64', media_type: 'image/webp', data: marker('image/webp') } },
    ],
    [
      'inline data',
      { inlineData: { mimeType: 'image/gif', data: base64 } },
      { inlineData: { mimeType: 'image/gif', data: marker('image/gif') } },
    ],
    [
      'source bytes',
      { source: { bytes: base64 } },
      { source: { bytes: marker('application/octet-stream') } },
    ],
    ['raw bytes', { picture: Buffer.alloc(3000) }, { picture: marker('application/octet-stream') }],
    [
      'a media type that is none',
      { inline_data: { mime_type: 'what was said', data: base64 } },
      { inline_data: { mime_type: 'what was said', data: marker('application/octet-stream') } },
    ],
  ])('%s', (_name, part, expected) => {
    const { messages, truncated } = truncatePayload(documentOf({ messages: [part] }), ROOMY);
    expect(messages).toEqual([expected]);
    expect(truncated).toBe(true);
  });

  it.each([0, 1, 2, 3, 4])('counts decoded bytes: %i', (bytes) => {
    const data = Buffer.alloc(bytes, 'x').toString('base64');
    const { messages } = truncatePayload(documentOf({ messages: [`data:;base64,${data}`] }), ROOMY);
    expect(messages).toEqual([marker('application/octet-stream', bytes)]);
  });

  it.each([
    ['a field named data elsewhere', { arguments: { data: 'hello' } }],
    ['a source of text', { source: { type: 'text', data: 'hello' } }],
    ['bytes elsewhere', { usage: { bytes: 'hello' } }],
    ['text about data', { content: 'data: hello, world' }],
    ['a link', { image_url: { url: 'https://example.org/cat.png' } }],
  ])('but text stays: %s', (_name, part) => {
    const document = documentOf({ messages: [part] });
    expect(truncatePayload(document, ROOMY)).toEqual(document);
  });
});

describe('too much in all', () => {
  const message = (i: number) => ({ role: 'user', content: `${i} ${'x'.repeat(500)}` });
  const messages = Array.from({ length: 50 }, (_, i) => message(i));

  it('drops whole later messages and counts them', () => {
    const cut = truncatePayload(documentOf({ messages }), { ...ROOMY, maxBytesTotal: 10_000 });
    expect(cut.messages.length).toBeGreaterThan(10);
    expect(cut.messages).toEqual(messages.slice(0, cut.messages.length));
    expect(cut.dropped).toEqual({ messages: 50 - cut.messages.length, choices: 0, tools: 0, values: 0 });
    expect(cut.truncated).toBe(true);
  });

  it('keeps the answer first and the tools last', () => {
    const document = documentOf({ messages, choices: messages.slice(0, 3), tools: messages.slice(0, 3) });
    const cut = truncatePayload(document, { ...ROOMY, maxBytesTotal: 10_000 });
    expect(cut.choices).toHaveLength(3);
    expect(cut.messages.length).toBeGreaterThan(5);
    expect(cut.dropped.tools).toBe(3);
  });

  it('counts strings as well as bytes', () => {
    const cut = truncatePayload(documentOf({ messages }), { ...ROOMY, maxParts: 7 });
    expect(cut.messages).toHaveLength(3);
    expect(cut.dropped.messages).toBe(47);
  });

  it('adds to what was dropped before', () => {
    const once = truncatePayload(documentOf({ messages }), { ...ROOMY, maxParts: 60 });
    const twice = truncatePayload(once, { ...ROOMY, maxParts: 20 });
    expect([once.dropped.messages, twice.dropped.messages]).toEqual([20, 40]);
  });
});

describe('odd values', () => {
  it('nesting has an end, also in a value that holds itself', () => {
    const self: Record<string, unknown> = { role: 'user' };
    self.self = self;
    const cut = truncatePayload(documentOf({ messages: [self] }), ROOMY);
    expect(cut.dropped.values).toBe(1);
    expect(
      encodePayload(cut)
        .toString('utf8')
        .match(/"self"/g),
    ).toHaveLength(64);
  });

  it('stops working where the room ends, however wide the value', () => {
    const wide: unknown[] = [];
    for (let i = 0; i < 40; i += 1) wide.push(wide);
    const cut = truncatePayload(documentOf({ messages: [wide] }), ROOMY);
    expect([cut.messages, cut.dropped.messages]).toEqual([[], 1]);
  });

  it('what JSON cannot hold and names past 256 bytes fall away, counted', () => {
    const odd = { big: 1n, call: () => 1, gone: undefined, ['n'.repeat(257)]: 'x', nan: Number.NaN, kept: 1 };
    const cut = truncatePayload(documentOf({ messages: [odd] }), ROOMY);
    expect(cut.messages).toEqual([{ nan: null, kept: 1 }]);
    // A member that is undefined is none, to JSON: nothing was lost with it.
    expect(cut.dropped.values).toBe(4);
  });

  it('a member named __proto__ is a member and nothing else', () => {
    const hostile: unknown = JSON.parse('{"__proto__":{"polluted":true}}');
    const [copy] = truncatePayload(documentOf({ messages: [hostile] }), ROOMY).messages;
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect((copy as { polluted?: boolean }).polluted).toBeUndefined();
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"polluted":true}}');
  });
});

describe('limits', () => {
  it.each([
    { maxBytesPerPart: 127 },
    { maxBytesPerPart: 128.5 },
    { maxBytesTotal: 1023 },
    { maxBytesTotal: 64 * 1024 * 1024 + 1 },
    { maxBytesTotal: Number.POSITIVE_INFINITY },
    { maxParts: 0 },
    { maxParts: Number.NaN },
  ])('that are out of range are refused: %p', (change) => {
    expect(() => truncatePayload(documentOf({}), { ...ROOMY, ...change })).toThrow(
      expect.objectContaining({ code: 'bad_limits' }),
    );
  });

  it('at their smallest still hold a document with every count at its largest', () => {
    const most = Number.MAX_SAFE_INTEGER;
    const document = {
      ...documentOf({ messages: Array.from({ length: 100 }, () => 'x'.repeat(300)) }),
      originalBytes: most,
      dropped: { messages: most - 200, choices: most, tools: most, values: most },
      truncations: Array.from({ length: 100 }, () => ({ path: '/p', originalBytes: most })),
    };
    const limits = { maxBytesPerPart: 128, maxBytesTotal: 1024, maxParts: 1000 };
    const cut = truncatePayload(document, limits);
    expect(cut.messages.length).toBeGreaterThan(0);
    expect(encodePayload(cut).length).toBeLessThanOrEqual(1024);
  });
});
