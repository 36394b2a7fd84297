import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { ObjectReader } from '../port.js';
import { type ContractContext, codeOf, contentOf, mebibyte, newKey, until } from './context.contract.js';

/** Reads piece by piece; the code of the error it ends with. */
const readOn = async (
  reader: ObjectReader,
  key: string,
  between: () => Promise<void>,
): Promise<{ bytes: number; code: string }> => {
  let bytes = 0;
  const code = await codeOf(
    (async () => {
      for await (const piece of (await reader.read(key)) ?? []) {
        if (bytes === 0) await between();
        bytes += piece.length;
      }
    })(),
  );
  return { bytes, code };
};

/** What both promise when the server hangs or is killed; last, because it disturbs everybody. */
export const describeOutage = (context: ContractContext): void => {
  describe('when the server hangs or is killed', () => {
    it('a put ends in its time, and the writer comes back by itself', async () => {
      const hasty = await context.keep(context.harness().writer({ putTimeoutMs: 600 }));
      await hasty.put(newKey(), Buffer.from('x'));
      context.harness().freeze();
      try {
        const beforeMs = performance.now();
        const outcomes = await Promise.all(
          Array.from({ length: 20 }, () => codeOf(hasty.put(newKey(), randomBytes(10_000)))),
        );
        expect(new Set(outcomes)).toEqual(new Set(['timeout']));
        expect(performance.now() - beforeMs).toBeLessThan(6_000);
      } finally {
        context.harness().thaw();
      }
      await until(async () => (await codeOf(hasty.put(newKey(), Buffer.from('y')))) === 'it did not reject');
    });

    it('no acknowledged object is lost, and both clients come back by themselves', async () => {
      const kept: { key: string; body: Buffer }[] = [];
      const put = async (): Promise<boolean> => {
        const each = { key: newKey(), body: randomBytes(3_000) };
        const outcome = await codeOf(context.writer().put(each.key, each.body));
        if (outcome === 'it did not reject') kept.push(each);
        return outcome === 'it did not reject';
      };
      while (kept.length < 20) await put();
      await context.harness().kill();
      expect(await codeOf(context.writer().put(newKey(), Buffer.from('x')))).toBe('unavailable');
      expect(await codeOf(contentOf(context.reader(), kept[0]?.key ?? ''))).toBe('unavailable');
      expect(await codeOf(context.reader().list({ limit: 1 }))).toBe('unavailable');
      expect(await codeOf(context.reader().remove(newKey()))).toBe('unavailable');
      await context.harness().restart();
      await until(put);
      for (const { key, body } of kept) expect(await contentOf(context.reader(), key)).toEqual(body);
    });

    it('a read that is cut in the middle is an error, and never a shorter object', async () => {
      const key = newKey();
      await context.writer().put(key, randomBytes(40 * mebibyte));
      // The control: left alone it is whole.
      const whole = await readOn(context.reader(), key, async () => undefined);
      expect(whole).toEqual({ bytes: 40 * mebibyte, code: 'it did not reject' });
      const cut = await readOn(context.reader(), key, () => context.harness().kill());
      expect(cut.bytes).toBeLessThan(40 * mebibyte);
      expect(['truncated', 'unavailable']).toContain(cut.code);
      await context.harness().restart();
      await until(async () => (await codeOf(context.reader().remove(key))) === 'it did not reject');
    });

    it('an error tells nothing of what was sent, where to or by whom', async () => {
      const canary = 'canary7f3a91';
      const body = Buffer.from(canary.repeat(10));
      const errors: unknown[] = [];
      const collect = (promise: Promise<unknown>): Promise<void> =>
        promise.then(
          () => undefined,
          (error: unknown) => void errors.push(error),
        );
      const { harness, keep } = context;
      await context.writer().put(canary, body);
      await collect(context.writer().put(canary, body));
      await collect(context.writer().put(`${canary}?`, body));
      await collect((await keep(harness().stranger())).put(`${canary}1`, body));
      await collect((await keep(harness().unprepared())).put(`${canary}2`, body));
      await collect((await keep(harness().readerOfWriter())).stat(canary));
      await collect((await keep(harness().readerOfWriter())).read(canary).then((pieces) => pieces && []));
      const shut = await keep(harness().writer({ mayWrite: () => false }));
      await collect(shut.put(`${canary}3`, body));
      await harness().kill();
      await collect(context.writer().put(`${canary}4`, body));
      await collect(context.reader().stat(canary));
      await harness().restart();
      const shown = errors.map((error) => inspect(error, { depth: 9, showHidden: true }) + String(error));
      expect(errors.length).toBeGreaterThanOrEqual(8);
      for (const word of [canary, ...harness().secrets]) {
        // The control: the same look finds the word in an error that carries it.
        expect(inspect(new Error('x', { cause: { word } }), { depth: 9 })).toContain(word);
        expect(shown.join('\n')).not.toContain(word);
      }
    });
  });
};
