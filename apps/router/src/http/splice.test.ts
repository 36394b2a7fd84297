import { strict as assert } from 'node:assert';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { editFields } from '../providers/field-edits.js';
import { BufferedBody } from './buffered-body.js';
import { ChunkList } from './chunk-list.js';
import { JsonScanner } from './json-scanner.js';
import { splice } from './splice.js';
import { knownNames } from './top-level-fields.js';

const known = ['model', 'stream', 'store', 'lethe', 'user'] as const;
type Name = (typeof known)[number];
const names = knownNames(known);
const limits = { nestingMax: 32, topLevelFieldsMax: 64 };

const bodyOf = (json: string, cuts: readonly number[] = []): BufferedBody<Name> => {
  const bytes = Buffer.from(json);
  const list = new ChunkList();
  const scanner = new JsonScanner(names, limits);
  let from = 0;
  for (const to of [...[...cuts].sort((a, b) => a - b), bytes.length]) {
    const chunk = Buffer.from(bytes.subarray(from, Math.max(from, to)));
    scanner.feed(chunk);
    list.append(chunk);
    from = Math.max(from, to);
  }
  return new BufferedBody(list, scanner.finish());
};

const textOf = ({ buffers, bytesTotal }: ReturnType<typeof splice>): string => {
  const joined = Buffer.concat(buffers);
  assert.equal(joined.length, bytesTotal);
  return joined.toString();
};

const edited = (json: string, remove: readonly string[], set: readonly (readonly [Name, string])[] = []) => {
  const body = bodyOf(json);
  const edits = editFields(body.scan, {
    set: new Map(set.map(([name, value]) => [name, Buffer.from(value)])),
    removes: ({ name }) => name !== undefined && remove.includes(name),
  });
  return textOf(splice(body, edits));
};

describe('editFields and splice', () => {
  it('keeps the commas right in every position', () => {
    expect(edited('{"lethe":{}}', ['lethe'])).toBe('{}');
    expect(edited('{ "lethe" : {} }', ['lethe'])).toBe('{  }');
    expect(edited('{"lethe":{},"model":"m"}', ['lethe'])).toBe('{"model":"m"}');
    expect(edited('{"model":"m" , "lethe":{} }', ['lethe'])).toBe('{"model":"m" }');
    expect(edited('{"user":1,"lethe":{},"model":"m"}', ['lethe', 'user'])).toBe('{"model":"m"}');
    expect(edited('{"user":1,"model":"m","lethe":{}}', ['lethe', 'user'])).toBe('{"model":"m"}');
    expect(edited('{"user":1,"lethe":{}}', ['lethe', 'user'])).toBe('{}');
    expect(edited('{}', ['lethe'])).toBe('{}');
  });

  it('replaces, adds, and adds to what becomes empty', () => {
    expect(edited('{"model":"m"}', [], [['model', '"n"']])).toBe('{"model":"n"}');
    expect(edited('{}', [], [['store', 'false']])).toBe('{"store":false}');
    expect(edited('{"lethe":{}}', ['lethe'], [['store', 'false']])).toBe('{"store":false}');
    expect(
      edited(
        '{"lethe":{},"model":"m"}',
        ['lethe'],
        [
          ['store', 'false'],
          ['user', '"u"'],
        ],
      ),
    ).toBe('{"store":false,"user":"u","model":"m"}');
    // Setting a field that is also removed puts the new one in front.
    expect(edited('{"model":"m","store":true}', ['store'], [['store', 'false']])).toBe(
      '{"store":false,"model":"m"}',
    );
  });

  it('equals an edit of the parsed object, for any document, cuts and changes', () => {
    const value = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.array(fc.string(), { maxLength: 3 }),
      fc.constant({}),
    );
    const entries = fc.uniqueArray(fc.tuple(fc.constantFrom(...known, 'a', 'b', 'c'), value), {
      selector: ([key]) => key,
    });
    const subset = fc.subarray<Name>([...known]);
    fc.assert(
      fc.property(
        entries,
        subset,
        subset,
        fc.array(fc.nat(120), { maxLength: 5 }),
        fc.constantFrom('', ' ', '\n'),
        (list, remove, set, cuts, gap) => {
          const json = `{${gap}${list.map(([k, v]) => `${JSON.stringify(k)}:${gap}${JSON.stringify(v)}`).join(`${gap},${gap}`)}${gap}}`;
          const body = bodyOf(
            json,
            cuts.map((at) => Math.min(at, json.length)),
          );
          const edits = editFields(body.scan, {
            set: new Map(set.map((name) => [name, Buffer.from('["set"]')])),
            removes: ({ name }) => name !== undefined && remove.includes(name),
          });
          const result = JSON.parse(textOf(splice(body, edits))) as object;
          const expected = new Map<string, unknown>(
            list.filter(([key]) => !remove.some((name) => name === key)),
          );
          for (const name of set) expected.set(name, ['set']);
          assert.deepEqual(new Map(Object.entries(result)), expected);
        },
      ),
      { seed: 4, numRuns: 3_000 },
    );
  });

  it('copies no content: slices are of the body itself, and gone with it', () => {
    const body = bodyOf('{"model":"m","user":"a canary"}', [4, 20]);
    const { buffers } = splice(body, [{ start: 9, end: 12, insert: Buffer.from('"n"') }]);
    expect(Buffer.concat(buffers as Buffer[]).toString()).toBe('{"model":"n","user":"a canary"}');
    body.wipe();
    expect(
      Buffer.concat(buffers as Buffer[])
        .toString()
        .replaceAll('\0', ''),
    ).toBe('"n"');
  });

  it('refuses edits that overlap or leave the body', () => {
    const body = bodyOf('{"model":"m"}');
    const insert = Buffer.alloc(0);
    expect(() =>
      splice(body, [
        { start: 1, end: 5, insert },
        { start: 4, end: 6, insert },
      ]),
    ).toThrow();
    expect(() => splice(body, [{ start: 1, end: 99, insert }])).toThrow();
    expect(() => splice(body, [{ start: 5, end: 4, insert }])).toThrow();
  });
});

describe('BufferedBody', () => {
  const json = '{"model":"sim/echo","user":"a\\nb","stream":true,"lethe":{"tags":["t"]},"store":null}';

  it('reads short scalars and small objects over any cut', () => {
    for (let at = 0; at < json.length; at++) {
      const body = bodyOf(json, [at]);
      assert.equal(body.readString('model', 64), 'sim/echo');
      assert.deepEqual(body.readObject('lethe'), { tags: ['t'] });
      assert.equal(body.readBytes('stream', 8)?.toString(), 'true');
    }
    const body = bodyOf(json);
    expect(body.readString('user', 64)).toBeUndefined();
    expect(body.readString('stream', 64)).toBeUndefined();
    expect(body.readString('model', 7)).toBeUndefined();
    expect(body.readString('model', 8)).toBe('sim/echo');
    expect(body.readBytes('model', 9)).toBeUndefined();
    expect(body.readObject('store')).toBeUndefined();
    expect(body.readBytes('lethe', 100)?.toString()).toBe('{"tags":["t"]}');
  });

  it('refuses objects that are none, too large, or ambiguous, naming the field', () => {
    const refusal = (text: string): unknown => {
      try {
        return bodyOf(text).readObject('lethe');
      } catch (error) {
        return error;
      }
    };
    expect(refusal('{"lethe":[]}')).toMatchObject({ code: 'caller.invalid_type', param: 'lethe' });
    expect(refusal('{"lethe":"{}"}')).toMatchObject({ code: 'caller.invalid_type', param: 'lethe' });
    expect(refusal(`{"lethe":{"a":"${'x'.repeat(8_192)}"}}`)).toMatchObject({ code: 'caller.invalid_type' });
    expect(refusal('{"lethe":{"zdr":true,"zdr":false}}')).toMatchObject({
      code: 'caller.duplicate_field',
      param: 'lethe',
    });
    expect(refusal(`{"lethe":${'{"a":'.repeat(17)}1${'}'.repeat(17)}}`)).toMatchObject({
      code: 'caller.invalid_type',
    });
  });
});

describe('ChunkList', () => {
  it('gathers tiny chunks, keeps the order and overwrites all', () => {
    const list = new ChunkList();
    const given: Buffer[] = [];
    let expected = '';
    for (let n = 0; n < 40_000; n++) {
      const chunk = Buffer.from(n % 1_000 === 0 ? `<${n}>`.repeat(400) : String(n % 10));
      expected += chunk.toString();
      given.push(chunk);
      list.append(chunk);
    }
    expect(Buffer.concat(list.buffers).toString()).toBe(expected);
    expect(list.bytesTotal).toBe(expected.length);
    expect(list.buffers.length).toBeLessThan(100);
    list.wipe();
    expect(Buffer.concat([...list.buffers, ...given]).every((byte) => byte === 0)).toBe(true);
  });
});
