import { strict as assert } from 'node:assert';
import { describe, expect, it, jest } from '@jest/globals';
import { LetheError } from '@lethe/service-kit';
import fc from 'fast-check';
import { JsonScanner } from '../json-scanner.js';
import { openMachine } from '../simd/machine.js';
import { cut } from '../testing/documents.js';
import { knownNames } from '../top-level-fields.js';
import type { JsonKind } from '../types.js';
import { compilePaths } from './compile-paths.js';
import { findPaths, type Skim } from './find-paths.js';
import type { PathHit } from './hits.js';
import { scalarSkim } from './scalar-skim.js';
import { simdSkim } from './simd-skim.js';

const isLong = process.env.LETHE_LONG === '1';
jest.setTimeout(isLong ? 3_600_000 : 60_000);
const runs = (short: number) => ({ seed: 11, numRuns: isLong ? short * 20 : short });

const opened = openMachine();
const skims: { engine: string; skim: Skim }[] = [
  { engine: 'javascript', skim: scalarSkim },
  { engine: 'wasm', skim: simdSkim(opened) },
];
const watched = [
  'f[].type',
  'f[].a.type',
  'f[].a[].type',
  'f[].a[]',
  'f.type',
  'f.a',
  'f.a.b.c',
  'f[][].x',
  'f',
];
const watch = compilePaths(watched);
const limits = { nestingMax: 64, topLevelFieldsMax: 64 };

/** The hits in one document, whose field `f` is watched. */
const find = (text: string, cuts: readonly number[], skim: Skim, hitsMax = 1_000): readonly PathHit[] => {
  const chunks = cut(Buffer.from(text), cuts);
  const scanner = new JsonScanner(knownNames(['f']), limits);
  for (const chunk of chunks) scanner.feed(chunk);
  const field = scanner.finish().field('f');
  assert.ok(field?.name !== undefined);
  return findPaths(watch, chunks, { ...field, name: 'f' }, { hitsMax, skim });
};

/** A value in pieces of text, so that keys may come twice and be written with escapes, with what is to be found in it. */
interface Written {
  readonly text: string;
  readonly hits: (path: string) => readonly PathHit[];
}
const ends = new Set(watched);
const passes = (path: string): boolean =>
  watched.some((other) => other.startsWith(`${path}.`) || other.startsWith(`${path}[`));
const leads = (path: string): boolean => ends.has(path) || passes(path);
const hit = (path: string, kind: JsonKind, raw: string): readonly PathHit[] => {
  if (!ends.has(path)) return [];
  const escaped = kind === 'string' && raw.includes('\\');
  const isShort = kind === 'string' && !escaped && Buffer.byteLength(raw) - 2 <= 64;
  return [{ path, kind, text: isShort ? raw.slice(1, -1) : undefined, escaped }];
};
const scalar = (text: string, kind: JsonKind): Written => ({ text, hits: (path) => hit(path, kind, text) });

const gap = fc.constantFrom('', '', '', ' ', '\n  ');
const plainString = fc
  .oneof(
    fc.constantFrom(
      '',
      'web_search',
      'type',
      '{"type":',
      'é日本',
      '\\',
      '\\\\"',
      '"}],[{',
      'x'.repeat(64),
      'y'.repeat(65),
    ),
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.nat(400).map((length) => `${'z"'.repeat(length)}\n`),
  )
  .map((content) => scalar(JSON.stringify(content), 'string'));
const others = fc.constantFrom(
  scalar('12.5e3', 'number'),
  scalar('-0', 'number'),
  scalar('true', 'true'),
  scalar('false', 'false'),
  scalar('null', 'null'),
  scalar('"t\\u0079pe"', 'string'),
);
const key = fc.oneof(
  fc
    .constantFrom('type', 'type', 'a', 'a', 'b', 'c', 'x', 'types', 'typ', '', 'é', 'k'.repeat(65))
    .map((k) => `"${k}"`),
  fc.constantFrom('"t\\u0079pe"', '"\\"type"', '"\\\\"', '"a\\n"', `"${'k'.repeat(90)}\\\\"`),
);
const { value } = fc.letrec<{ value: Written; array: Written; object: Written }>((tie) => ({
  value: fc.oneof({ maxDepth: 5, depthSize: 'medium' }, plainString, others, tie('array'), tie('object')),
  array: fc.tuple(fc.array(tie('value'), { maxLength: 5 }), gap).map(([items, space]) => ({
    text: `[${space}${items.map(({ text }) => text).join(`${space},${space}`)}${space}]`,
    hits: (path) => [
      ...hit(path, 'array', ''),
      ...items.flatMap((item) => (leads(`${path}[]`) ? item.hits(`${path}[]`) : [])),
    ],
  })),
  object: fc.tuple(fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }), gap).map(([fields, space]) => ({
    text: `{${space}${fields.map(([k, { text }]) => `${k}${space}:${space}${text}`).join(`,${space}`)}${space}}`,
    hits: (path) => [
      ...hit(path, 'object', ''),
      ...fields.flatMap(([k, field]) => {
        if (!watched.some((other) => other.startsWith(`${path}.`))) return [];
        if (k.includes('\\')) return [{ path, kind: 'escapedKey' as const, text: undefined, escaped: true }];
        const at = `${path}.${k.slice(1, -1)}`;
        return leads(at) ? field.hits(at) : [];
      }),
    ],
  })),
}));
const cuts = fc.array(fc.nat(3_000), { maxLength: 10 });

describe.each(skims)('findPaths in $engine', ({ skim }) => {
  it('tells every place that a watched path leads to, and no other', () => {
    let told = 0;
    fc.assert(
      fc.property(value, cuts, gap, (written, at, space) => {
        const expected = written.hits('f');
        told += expected.length;
        assert.deepEqual(
          find(`{"e":[{"type":1}],"f":${space}${written.text}${space},"g":{"type":2}}`, at, skim),
          expected,
        );
      }),
      runs(6_000),
    );
    expect(told).toBeGreaterThan(6_000);
  });

  it('finds them at every distance from the ends of its blocks', () => {
    for (let shift = -80; shift <= 80; shift++) {
      const filler = 'x'.repeat(32_768 + shift);
      const text = `{"f":[{"b":"${filler}","type":"one","c":[{"type":"not"}],"a":[{"type":"two"}],"t\\u0079pe":1}]}`;
      assert.deepEqual(
        find(text, [], skim).map((one) => one.text ?? one.kind),
        ['array', 'one', 'object', 'two', 'escapedKey'],
      );
    }
  });

  it('passes keys that are longer than its blocks', () => {
    const key = 'k'.repeat(100_000);
    const found = find(`{"f":{"${key}":1,"${key}\\n":2,"type":"x"}}`, [70_000], skim);
    expect(found.map(({ kind }) => kind)).toEqual(['object', 'escapedKey', 'string']);
  });

  it('tells more hits than its list of events holds, and refuses more than were asked for', () => {
    const many = `{"f":[${'{"type":"x"},'.repeat(5_000)}1]}`;
    expect(find(many, [], skim, 5_001)).toHaveLength(5_001);
    expect(() => find(many, [], skim, 5_000)).toThrow(new LetheError('caller.invalid_value', 'f'));
  });

  it('looks at a watched field only', () => {
    const nothing = compilePaths(['tools[].type']);
    expect(findPaths(nothing, [], { name: 'f', valueStart: 0, valueEnd: 0 }, { skim })).toEqual([]);
  });
});

describe('findPaths', () => {
  it('leaves nothing in the memory of the engine, where it was while it looked', () => {
    const memory = Buffer.from(opened.state.buffer);
    const canary = 'c4n4rY-watched';
    let seen = false;
    const spy: Skim = (...given) => {
      const [, , span] = given;
      const original = span.copy.bind(span);
      span.copy = (target, from, to) => {
        original(target, from, to);
        seen ||= memory.includes(canary);
      };
      simdSkim(opened)(...given);
    };
    find(`{"f":[{"type":"${canary}","b":"${`${canary} `.repeat(9_000)}"}]}`, [20_000], spy);
    expect(seen).toBe(true);
    expect(memory.includes('c4n4rY')).toBe(false);
  });

  it('does not disturb a scan that is under way', () => {
    const scanner = new JsonScanner(knownNames(['f']), limits);
    scanner.feed(Buffer.from('{"f":[{"a":"\\u00'));
    findPaths(watch, [Buffer.from('[{"type":"x"}]')], { name: 'f', valueStart: 0, valueEnd: 14 });
    scanner.feed(Buffer.from('e9"}]}'));
    expect(scanner.finish().fields).toHaveLength(1);
  });

  it.each(['', 'a b', '[]', 'a..b', 'a[0]', 'a.', `a${'.b'.repeat(17)}`])('refuses to watch %j', (path) => {
    expect(() => compilePaths([path])).toThrow(RangeError);
  });

  it('refuses to watch more places than there is room for', () => {
    const many = Array.from({ length: 256 }, (_, n) => `f.k${n}`);
    expect(() => compilePaths(many)).toThrow(RangeError);
    expect(compilePaths(many.slice(1)).nodes).toHaveLength(257);
  });
});
