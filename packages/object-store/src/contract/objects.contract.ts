import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { objectBytesMax } from '../port.js';
import { type ContractContext, codeOf, contentOf, mebibyte, newKey, until } from './context.contract.js';

const oddKeys = [
  '',
  '/',
  'a/',
  '/a',
  'a//b',
  '../a',
  'a/../b',
  'a..b',
  './a',
  'a/.b',
  '.hidden',
  'Upper',
  'with space',
  'ümlaut',
  'a\u0000b',
  "a'b",
  'a\nb',
  'a%2fb',
  'a?b',
  'x'.repeat(129),
];

/** What both promise about an object's life. */
export const describeObjects = (context: ContractContext): void => {
  describe('objects', () => {
    it.each([
      ['nothing', 0],
      ['one byte', 1],
      ['exactly a piece', mebibyte],
      ['a byte more than a piece', mebibyte + 1],
      ['32 MiB', 32 * mebibyte],
    ])('are given back as they came: %s', async (_, bytes) => {
      const key = newKey();
      const body = randomBytes(bytes);
      const beforeMs = Date.now();
      await context.writer().put(key, body);
      expect((await contentOf(context.reader(), key))?.equals(body)).toBe(true);
      const info = await context.reader().stat(key);
      expect(info).toEqual({ key, bytes, storedAtMs: expect.any(Number) });
      // A second of slack: S3 tells whole seconds.
      expect(info?.storedAtMs).toBeGreaterThanOrEqual(beforeMs - 1_000);
      expect(info?.storedAtMs).toBeLessThanOrEqual(Date.now() + 1_000);
      await context.reader().remove(key);
    });

    it('are not there when nobody put them, and no longer when they were removed', async () => {
      const key = newKey();
      const look = async (): Promise<unknown[]> => [
        await contentOf(context.reader(), key),
        await context.reader().stat(key),
      ];
      expect(await look()).toEqual([undefined, undefined]);
      await context.reader().remove(key);
      await context.writer().put(key, Buffer.from('x'));
      expect(await look()).toEqual([Buffer.from('x'), expect.objectContaining({ bytes: 1 })]);
      await context.reader().remove(key);
      expect(await look()).toEqual([undefined, undefined]);
    });

    it('stay what they were when their key is put again', async () => {
      const key = newKey();
      await context.writer().put(key, Buffer.from('first'));
      expect(await codeOf(context.writer().put(key, Buffer.from('second')))).toBe('exists');
      expect(await contentOf(context.reader(), key)).toEqual(Buffer.from('first'));
    });

    it('have one winner when ten put the same key at once', async () => {
      const key = newKey();
      const outcomes = await Promise.all(
        Array.from({ length: 10 }, (_, i) => codeOf(context.writer().put(key, Buffer.from(String(i))))),
      );
      const winners = outcomes.flatMap((outcome, i) => (outcome === 'it did not reject' ? [i] : []));
      expect(winners).toHaveLength(1);
      expect(await contentOf(context.reader(), key)).toEqual(Buffer.from(String(winners[0])));
    });

    it('may be put and read side by side', async () => {
      const all = Array.from({ length: 40 }, () => ({ key: newKey(), body: randomBytes(70_000) }));
      await Promise.all(all.map(({ key, body }) => context.writer().put(key, body)));
      const back = await Promise.all(all.map(({ key }) => contentOf(context.reader(), key)));
      expect(back.every((body, i) => body?.equals(all[i]?.body ?? Buffer.alloc(0)))).toBe(true);
      await Promise.all(all.map(({ key }) => context.reader().remove(key)));
    });

    it('are refused under odd keys and above 64 MiB, by whatever they are asked for', async () => {
      const { put } = context.writer();
      const { read, stat, remove, list } = context.reader();
      for (const key of oddKeys)
        for (const call of [
          put(key, Buffer.from('x')),
          read(key),
          stat(key),
          remove(key),
          list({ after: key, limit: 1 }),
        ])
          expect(await codeOf(call)).toBe('bad_key');
      const large = Buffer.alloc(objectBytesMax + 1);
      expect(await codeOf(put(newKey(), large))).toBe('object_too_large');
    });

    it('are listed in the order of their keys, page by page, with every kind of key in its place', async () => {
      const prefix = newKey();
      const keys = ['-x', '.x', '/x', '0', '1', '9', '_x', 'a', 'a-a', 'a.a', 'b/a', 'z'].map(
        (end) => `${prefix}/a${end}`,
      );
      for (const [i, key] of keys.entries()) await context.writer().put(key, Buffer.alloc(i));
      const seen: { key: string; bytes: number }[] = [];
      let after: string | undefined = prefix;
      for (;;) {
        const page = await context.reader().list({ after, limit: 4 });
        expect(page.length).toBeLessThanOrEqual(4);
        for (const { key, bytes } of page) if (key.startsWith(prefix)) seen.push({ key, bytes });
        after = page.at(-1)?.key;
        if (after === undefined || !after.startsWith(prefix)) break;
      }
      expect(seen).toEqual(keys.map((key, bytes) => ({ key, bytes })));
      for (const key of keys) await context.reader().remove(key);
    });

    it('let a reader stop in the middle', async () => {
      const key = newKey();
      await context.writer().put(key, randomBytes(8 * mebibyte));
      for (let round = 0; round < 30; round += 1) {
        const pieces = await context.reader().read(key);
        for await (const piece of pieces ?? []) {
          expect(piece.length).toBeGreaterThan(0);
          break;
        }
      }
      // The control: nothing that was left open stands in the way of the next.
      expect((await contentOf(context.reader(), key))?.length).toBe(8 * mebibyte);
      await context.reader().remove(key);
      await until(async () => (await context.reader().stat(key)) === undefined);
    });
  });
};
