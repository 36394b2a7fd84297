import { strict as assert } from 'node:assert';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { LetheError } from '@lethe/service-kit';
import fc from 'fast-check';
import { type GrammarWalkMaker, machine, scalarWalk, simdWalk } from './engine.js';
import { JsonScanner } from './json-scanner.js';
import { cut, cuts, document, mutate, mutation } from './testing/documents.js';
import { knownNames } from './top-level-fields.js';
import type { TopLevelScan } from './types.js';

const names = knownNames(['model', 'messages', 'stream', 'stream_options', 'lethe']);
type Name = 'model' | 'messages' | 'stream' | 'stream_options' | 'lethe';
const limits = { nestingMax: 128, topLevelFieldsMax: 256 };

let make: GrammarWalkMaker = scalarWalk;
const scan = (input: Buffer | string, cuts: readonly number[] = []): TopLevelScan<Name> => {
  const scanner = new JsonScanner(names, limits, make);
  try {
    for (const chunk of cut(Buffer.from(input), cuts)) scanner.feed(chunk);
    return scanner.finish();
  } finally {
    scanner.wipe();
  }
};

/** `ok`, or `code param`. Anything but a LetheError is a crash of the scanner. */
const verdict = (input: Buffer | string, cuts: readonly number[] = []): string => {
  try {
    scan(input, cuts);
    return 'ok';
  } catch (error) {
    if (error instanceof LetheError) return `${error.code.slice('caller.'.length)} ${error.param}`;
    throw error;
  }
};

/** What JSON.parse and a strict decoder say. Only ever used as the oracle. */
const parse = (bytes: Buffer): unknown => {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    return undefined;
  }
};
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const hasLoneSurrogate = (value: unknown): boolean => {
  if (typeof value === 'string') return /\p{Surrogate}/u.test(value);
  if (Array.isArray(value)) return value.some(hasLoneSurrogate);
  return isObject(value) && Object.entries(value).flat().some(hasLoneSurrogate);
};

const engines = [
  { engine: 'javascript', engineWalk: scalarWalk },
  { engine: 'wasm', engineWalk: simdWalk(machine!) },
];

describe.each(engines)('JsonScanner in $engine', ({ engineWalk }) => {
  beforeAll(() => {
    make = engineWalk;
  });

  it('finds every top-level field of valid documents, whatever they are cut at', () => {
    fc.assert(
      fc.property(document, cuts, ({ list, bytes }, at) => {
        const found = scan(bytes, at);
        assert.equal(found.fields.length, list.length);
        assert.equal(bytes[found.objectStart], '{'.charCodeAt(0));
        assert.equal(bytes[found.objectEnd - 1], '}'.charCodeAt(0));
        list.forEach(([key, value], index) => {
          const field = found.fields[index]!;
          const raw = bytes.toString('utf8', field.valueStart, field.valueEnd);
          assert.equal(JSON.stringify(JSON.parse(raw)), JSON.stringify(value));
          assert.ok(bytes.toString('utf8', field.keyStart).startsWith(JSON.stringify(key)));
          const isKnown = names[Buffer.byteLength(key)]?.some(({ name }) => name === key) === true;
          assert.equal(field.name, isKnown ? key : undefined);
          if (isKnown) assert.equal(found.field(key as Name), field);
        });
      }),
      { seed: 1, numRuns: 4_000 },
    );
  });

  it('accepts exactly what JSON.parse accepts, but for what it is told to refuse', () => {
    const seen = { ok: 0, refused: 0 };
    const mutations = fc.array(mutation, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(document, mutations, cuts, ({ bytes }, changes, at) => {
        const broken = mutate(bytes, changes);
        const parsed = parse(broken);
        const code = verdict(broken, at).split(' ')[0] as string;
        seen[code === 'ok' ? 'ok' : 'refused']++;
        if (code === 'ok') assert.ok(isObject(parsed));
        else if (isObject(parsed)) assert.ok(isRightlyRefused(code, broken, parsed), code);
      }),
      { seed: 2, numRuns: 6_000 },
    );
    // Both sides must have been tried, or the property says nothing.
    expect(seen.ok).toBeGreaterThan(500);
    expect(seen.refused).toBeGreaterThan(2_500);
  });

  it('never crashes on random bytes and never accepts what is no object', () => {
    const soup = fc.array(fc.constantFrom(...Buffer.from('{}[]",:\\u0d8Ce1-.tru \xff')), { maxLength: 40 });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), soup), cuts, (input, at) => {
        const bytes = Buffer.from(input);
        if (verdict(bytes, at) === 'ok') assert.ok(isObject(parse(bytes)));
      }),
      { seed: 3, numRuns: 4_000 },
    );
  });

  it('gives one verdict whatever a document is cut at', () => {
    for (const [input, expected] of refusals) {
      const bytes = Buffer.from(input as string, 'latin1');
      const places = Array.from({ length: Math.min(bytes.length, 60) }, (_, index) => index);
      for (const at of places) assert.equal(`${input} ${verdict(bytes, [at])}`, `${input} ${expected}`);
      assert.equal(`${input} ${verdict(bytes, places)}`, `${input} ${expected}`);
      assert.equal(
        `${input} ${verdict(bytes, [bytes.length - 1, bytes.length - 2])}`,
        `${input} ${expected}`,
      );
    }
  });
});

/** Members of the top-level object, counted by commas at depth one: for documents that are well formed. */
const scanLoosely = (bytes: Buffer): number => {
  let depth = 0;
  let members = 1;
  let inString = false;
  for (let at = 0; at < bytes.length; at++) {
    const char = String.fromCharCode(bytes[at]!);
    if (inString) {
      if (char === '\\') at++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if ('{['.includes(char)) depth++;
    else if ('}]'.includes(char)) depth--;
    else if (char === ',' && depth === 1) members++;
  }
  return members;
};

/** Valid JSON may be refused for what the scanner is told to refuse, and for nothing else. */
const isRightlyRefused = (code: string, bytes: Buffer, parsed: Record<string, unknown>): boolean => {
  switch (code) {
    case 'lone_surrogate':
      return hasLoneSurrogate(parsed);
    case 'escaped_field_name':
      return bytes.includes('\\');
    case 'duplicate_field':
      return Object.keys(parsed).length < scanLoosely(bytes);
    case 'number_out_of_range':
      return /e[+-]?\d{3}|\d{100}/i.test(bytes.toString('latin1'));
    default:
      return false;
  }
};

const deep = (levels: number): string => `{"messages":${'['.repeat(levels)}${']'.repeat(levels)}}`;

const refusals: readonly (readonly [string, string])[] = [
  ['', 'empty_body null'],
  [' \n\t', 'empty_body null'],
  ['[]', 'not_an_object null'],
  ['"model"', 'not_an_object null'],
  ['12', 'not_an_object null'],
  ['null', 'not_an_object null'],
  ['\xef\xbb\xbf{}', 'malformed_json null'],
  ['{', 'malformed_json null'],
  ['{"model":"m"', 'malformed_json null'],
  ['{"model":"m', 'malformed_json model'],
  ['{"model":"m"}x', 'malformed_json null'],
  ['{"model":"m"}{}', 'malformed_json null'],
  ['{"model":"m",}', 'malformed_json null'],
  ['{,"model":"m"}', 'malformed_json null'],
  ["{'model':1}", 'malformed_json null'],
  ['{"model" "m"}', 'malformed_json model'],
  ['{"model":}', 'malformed_json model'],
  ['{"model":tru}', 'malformed_json model'],
  ['{"model":True}', 'malformed_json model'],
  ['{"model":NaN}', 'malformed_json model'],
  ['{"model":01}', 'malformed_json model'],
  ['{"model":+1}', 'malformed_json model'],
  ['{"model":.5}', 'malformed_json model'],
  ['{"model":1.}', 'malformed_json model'],
  ['{"model":1e}', 'malformed_json model'],
  ['{"model":-}', 'malformed_json model'],
  ['{"model":"\n"}', 'malformed_json model'],
  ['{"model":"a\0b"}', 'malformed_json model'],
  ['{"model":"\\x41"}', 'malformed_json model'],
  ['{"model":"\\u12G4"}', 'malformed_json model'],
  ['{"messages":[1 2]}', 'malformed_json messages'],
  ['{"messages":[1,]}', 'malformed_json messages'],
  ['{"messages":[}', 'malformed_json messages'],
  ['{"messages":{]', 'malformed_json messages'],
  ['{"messages":{"a":1,"b"}}', 'malformed_json messages'],
  ['{"model":"a","model":"b"}', 'duplicate_field model'],
  ['{"x":1,"model":"a","x":2}', 'duplicate_field null'],
  ['{"mod\\u0065l":"a"}', 'escaped_field_name null'],
  ['{"\\u006dodel":"a","model":"b"}', 'escaped_field_name null'],
  [deep(127), 'ok'],
  [deep(128), 'nesting_too_deep messages'],
  ['{"model":"\xff"}', 'invalid_utf8 model'],
  ['{"model":"\xc3"}', 'invalid_utf8 model'],
  ['{"model":"\xc0\xaf"}', 'invalid_utf8 model'],
  ['{"stream":true,"model":"\xed\xa0\x80","lethe":{}}', 'invalid_utf8 model'],
  ['{"model":"\xe2\x82\xac \xf0\x9f\x98\x80"}', 'ok'],
  ['{"model":"\\ud83d\\ude00"}', 'ok'],
  ['{"model":"\\ud83d"}', 'lone_surrogate model'],
  ['{"model":"\\ude00"}', 'lone_surrogate model'],
  ['{"model":"\\ud83dx\\ude00"}', 'lone_surrogate model'],
  ['{"model":"\\ud83d\\n"}', 'lone_surrogate model'],
  ['{"messages":[{"\\ud800":1}]}', 'lone_surrogate messages'],
  ['{"lethe":1e308}', 'number_out_of_range lethe'],
  ['{"lethe":1e99999999999999999999}', 'number_out_of_range lethe'],
  ['{"lethe":-1E+400}', 'number_out_of_range lethe'],
  ['{"lethe":1e-999}', 'number_out_of_range lethe'],
  [`{"lethe":${'9'.repeat(129)}}`, 'number_out_of_range lethe'],
  [`{"lethe":0.${'1'.repeat(200)}}`, 'number_out_of_range lethe'],
  ['{"lethe":-0.0,"model":1E-7,"stream":1e+21}', 'ok'],
  [`{${Array.from({ length: 256 }, (_, n) => `"f${n}":0`).join()}}`, 'ok'],
  [`{${Array.from({ length: 257 }, (_, n) => `"f${n}":0`).join()}}`, 'too_many_fields null'],
  [`{"${'k'.repeat(500)}":1,"${'k'.repeat(499)}l":2}`, 'ok'],
  [`{"${'k'.repeat(500)}":1,"${'k'.repeat(500)}":2}`, 'duplicate_field null'],
];
