import { describe, expect, it } from '@jest/globals';
import { type ContractContext, codeOf, contentOf, newKey } from './context.contract.js';

/** What each service may do. */
export const describeRights = (context: ContractContext): void => {
  describe('rights', () => {
    it('of the router end with the put: it cannot read, list or remove what it wrote', async () => {
      const key = newKey();
      await context.writer().put(key, Buffer.from('mine'));
      const own = await context.keep(context.harness().readerOfWriter());
      expect(await codeOf(contentOf(own, key))).toBe('denied');
      expect(await codeOf(own.stat(key))).toBe('denied');
      expect(await codeOf(own.list({ limit: 10 }))).toBe('denied');
      expect(await codeOf(own.remove(key))).toBe('denied');
      // The control: the reader may do all of it.
      expect(await contentOf(context.reader(), key)).toEqual(Buffer.from('mine'));
      expect((await context.reader().list({ limit: 1_000 })).map((info) => info.key)).toContain(key);
      await context.reader().remove(key);
      expect(await context.reader().stat(key)).toBeUndefined();
    });

    it('of accounting do not let it put', async () => {
      const own = await context.keep(context.harness().writerOfReader());
      const key = newKey();
      expect(await codeOf(own.put(key, Buffer.from('x')))).toBe('denied');
      expect(await context.reader().stat(key)).toBeUndefined();
    });

    it('need the right secret and a store that was prepared', async () => {
      const stranger = await context.keep(context.harness().stranger());
      const key = newKey();
      expect(await codeOf(stranger.put(key, Buffer.from('x')))).toBe('denied');
      expect(await context.reader().stat(key)).toBeUndefined();
      const unprepared = await context.keep(context.harness().unprepared());
      expect(await codeOf(unprepared.put(key, Buffer.from('x')))).toBe('missing_bucket');
    });
  });
};
