import fc from 'fast-check';

/** A document in pieces, cut at any list of numbers. */
export const cut = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const at = [...new Set(cuts.map((n) => n % (bytes.length + 1)))].sort((a, b) => a - b);
  const chunks: Buffer[] = [];
  let from = 0;
  for (const to of [...at, bytes.length]) {
    chunks.push(Buffer.from(bytes.subarray(from, to)));
    from = to;
  }
  return chunks;
};

const text = fc.string({ unit: 'binary', maxLength: 12 });
const number = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, min: -1e300, max: 1e300 }),
  fc.constantFrom(0, -0, 1e-7, 1e21),
);
export const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    text,
    number,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4 }),
  ),
}));
const topKey = fc.oneof(
  fc.constantFrom('model', 'messages', 'stream', 'stream_options', 'lethe', 'tools', '', '__proto__'),
  fc.stringMatching(/^[\p{L}\d _-]{1,9}$/u),
);
const entries = fc.uniqueArray(fc.tuple(topKey, anyValue), { selector: ([key]) => key, maxLength: 8 });
const space = fc.constantFrom('', '', '', ' ', '\n\t', '\r\n  ', `\n${' '.repeat(20)}`);
export const cuts = fc.array(fc.nat(4_000), { maxLength: 12 });
/** A document with spaces everywhere, and indented values. */
export const document = fc.tuple(entries, space, fc.constantFrom(0, 0, 2)).map(([list, gap, indent]) => {
  const fields = list.map(
    ([key, value]) => `${JSON.stringify(key)}${gap}:${gap}${JSON.stringify(value, null, indent)}`,
  );
  return { list, bytes: Buffer.from(`${gap}{${gap}${fields.join(`${gap},${gap}`)}${gap}}${gap}`) };
});

export const mutation = fc.oneof(
  fc.record({ kind: fc.constant('delete'), at: fc.nat(), byte: fc.constant(0) }),
  fc.record({
    kind: fc.constantFrom('insert', 'replace'),
    at: fc.nat(),
    byte: fc.oneof(
      fc.constantFrom(...Buffer.from('{}[]",:\\ue0123456789-+.tfn \n')),
      fc.integer({ min: 0, max: 255 }),
    ),
  }),
);
export const mutate = (
  bytes: Buffer,
  mutations: readonly { kind: string; at: number; byte: number }[],
): Buffer => {
  const list = [...bytes];
  for (const { kind, at, byte } of mutations) {
    const index = at % (list.length + 1);
    if (kind === 'insert') list.splice(index, 0, byte);
    else if (kind === 'delete') list.splice(index, 1);
    else list[index % list.length] = byte;
  }
  return Buffer.from(list);
};

/** A word no error may hold. */
export const canary = 'c4n4rY';

const tokens = fc.constantFrom(
  ...[
    '{',
    '}',
    '[',
    ']',
    '"',
    ':',
    ',',
    '{"',
    '":',
    '"}',
    '\\',
    '\\u',
    '\\ud83d',
    '\\ude00',
    '\\n',
    ' ',
    '\n',
    '\t',
  ],
  ...[
    '"a":',
    '"model":',
    '"\xc3\xa9":',
    '"stream":1,',
    'true',
    'false',
    'null',
    'nul',
    'tr',
    '0',
    '-1.5e3',
    '1e309',
    '.',
  ],
  ...[
    '\xc3',
    '\xa9',
    '\xff',
    '\xed\xa0\x80',
    '\xf0\x9f\x98',
    '\x01',
    '\0',
    canary,
    `"${canary}"`,
    'x'.repeat(17),
  ],
);
/** Bytes of any kind, and tokens in any order. */
export const soup = fc.oneof(
  fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes)),
  fc.array(tokens, { maxLength: 24 }).map((list) => Buffer.from(list.join(''), 'latin1')),
  fc.array(tokens, { maxLength: 24 }).map((list) => Buffer.from(`{"${canary}":${list.join('')}`, 'latin1')),
);

const special = fc.constantFrom(
  ...[
    '',
    '"',
    '\\"',
    '\\\\',
    '\\',
    '\\n\\n',
    '\\u0041',
    '\\ud83d\\ude00',
    '\\ud83d',
    '\\ude00',
    '\\x',
    '\\u00g0',
  ],
  ...['\x01', '\xc3\xa9', '\xf0\x9f\x98\x80', '\xe2\x82', '\xe0\x80\x80', '\xff'],
);
const stretch = fc.oneof(
  fc.nat(80),
  fc.constantFrom(15, 16, 17, 31, 32, 47, 48, 62, 63, 64, 65, 127, 128, 129),
);
const longString = fc
  .array(fc.tuple(stretch, special), { maxLength: 4 })
  .map((parts) => `"${parts.map(([length, piece]) => 'x'.repeat(length) + piece).join('')}"`);
const longNumber = fc
  .tuple(fc.nat(140), fc.constantFrom('', '.5', 'e1', '.', 'e', `.${'1'.repeat(20)}`, 'e308', 'e-300'))
  .map(([length, end]) => `-${'7'.repeat(length)}${end}`);
const nested = fc
  .tuple(fc.nat(24), fc.nat(24))
  .map(([opened, closed]) => `${'[{"a":'.repeat(opened >> 1)}1${'}]'.repeat(closed >> 1)}`);
/** Documents whose tokens reach over the ends of the blocks that are read at once; many of them are wrong. */
export const longDocument = fc
  .array(
    fc.tuple(
      longString,
      fc.nat(20),
      fc.oneof(
        longString,
        longNumber,
        nested,
        fc.array(longString).map((list) => `[${list}]`),
      ),
    ),
    { maxLength: 5 },
  )
  .map((fields) =>
    Buffer.from(
      `{${fields.map(([key, gap, value]) => `${key}:${' '.repeat(gap)}${value}`).join()}}`,
      'latin1',
    ),
  );
