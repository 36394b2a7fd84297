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
const space = fc.constantFrom('', '', '', ' ', '\n\t', '\r\n  ');
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
