import { strict as assert } from 'node:assert';
import { describe, expect, it } from '@jest/globals';
import { JsonScanner, knownNames } from '@lethe/json-scanner';
import fc from 'fast-check';
import { BufferedBody } from './buffered-body.js';
import { ChunkList } from './chunk-list.js';
import { splice } from './splice.js';
import type { Edit } from './types.js';

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

const edit = (start: number, end: number, insert: string): Edit => ({
  start,
  end,
  insert: Buffer.from(insert),
});

describe('splice', () => {
  it('replaces, removes and inserts, in any order of edits', () => {
    const body = bodyOf('{"model":"m","stream":true}', [10]);
    expect(textOf(splice(body, []))).toBe('{"model":"m","stream":true}');
    expect(
      textOf(
        splice(body, [edit(12, 26, ''), edit(9, 12, '"longer"'), edit(1, 1, '"a":1,'), edit(1, 1, '"b":2,')]),
      ),
    ).toBe('{"a":1,"b":2,"model":"longer"}');
    expect(textOf(splice(body, [edit(0, 27, '')]))).toBe('');
    expect(textOf(splice(body, [edit(27, 27, ' ')]))).toBe('{"model":"m","stream":true} ');
  });

  it('equals the same edits of a string, for any chunks and edits', () => {
    const cuts = fc.array(fc.nat(60), { maxLength: 6 });
    const steps = fc.array(
      fc.tuple(fc.nat(12), fc.nat(6), fc.string({ unit: 'grapheme-ascii', maxLength: 5 })),
      {
        maxLength: 6,
      },
    );
    const json = '{"model":"a model","stream":true,"user":"somebody","store":1}';
    fc.assert(
      fc.property(cuts, steps, (at, list) => {
        const edits: Edit[] = [];
        let offset = 0;
        let expected = '';
        for (const [gap, length, insert] of list) {
          const start = Math.min(offset + gap, json.length);
          const end = Math.min(start + length, json.length);
          edits.push(edit(start, end, insert));
          expected += json.slice(offset, start) + insert;
          offset = end;
        }
        assert.equal(textOf(splice(bodyOf(json, at), edits)), expected + json.slice(offset));
      }),
      { seed: 4, numRuns: 4_000 },
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
