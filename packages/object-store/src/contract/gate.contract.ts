import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { type ContractContext, codeOf, contentOf, mebibyte, newKey, until } from './context.contract.js';

/** What both promise about a writer that must stop at once. */
export const describeGate = (context: ContractContext): void => {
  describe('a writer that may no longer write', () => {
    it('sends nothing, and comes back when it may again', async () => {
      let allowed = true;
      const gated = await context.keep(context.harness().writer({ mayWrite: () => allowed }));
      const [first, refused, after] = [newKey(), newKey(), newKey()];
      await gated.put(first, Buffer.from('x'));
      allowed = false;
      const { wire } = context.harness();
      const sentBytes = wire.bytesFromClients();
      expect(await codeOf(gated.put(refused, randomBytes(mebibyte)))).toBe('severed');
      expect(wire.bytesFromClients() - sentBytes).toBeLessThan(mebibyte / 8);
      allowed = true;
      await gated.put(after, Buffer.from('y'));
      expect(await contentOf(context.reader(), refused)).toBeUndefined();
      // The control: the same look finds the two that were allowed.
      expect(await contentOf(context.reader(), first)).toEqual(Buffer.from('x'));
      expect(await contentOf(context.reader(), after)).toEqual(Buffer.from('y'));
    });

    it('is stopped in the middle of a body, at whichever of its bytes the gate closes', async () => {
      for (const allowedBytes of [1, mebibyte, 3 * mebibyte]) {
        const { wire } = context.harness();
        const startBytes = wire.bytesFromClients();
        let isClosed = false;
        const gated = await context.keep(
          context.harness().writer({
            mayWrite: () => {
              isClosed ||= wire.bytesFromClients() - startBytes >= allowedBytes;
              return !isClosed;
            },
          }),
        );
        const key = newKey();
        expect(await codeOf(gated.put(key, randomBytes(24 * mebibyte)))).toBe('severed');
        expect(isClosed).toBe(true);
        expect(await contentOf(context.reader(), key)).toBeUndefined();
      }
    });

    it('that is severed in the middle of a put leaves no readable object', async () => {
      const { wire } = context.harness();
      const keys: string[] = [];
      for (const share of [0.1, 0.5, 0.9]) {
        const body = randomBytes(24 * mebibyte);
        const startBytes = wire.bytesFromClients();
        const hasSent = (): boolean => wire.bytesFromClients() - startBytes >= body.length * share;
        // Held there, so that the cut comes neither too early nor too late.
        const mayWrite = (): boolean => {
          if (hasSent()) wire.hold();
          return true;
        };
        const severed = await context.keep(context.harness().writer({ mayWrite }));
        const key = newKey();
        keys.push(key);
        const put = codeOf(severed.put(key, body));
        await until(hasSent);
        severed.sever();
        expect(await put).toBe('severed');
        wire.release();
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
      for (const key of keys) expect(await contentOf(context.reader(), key)).toBeUndefined();
      // The control: without the cut the same put is there.
      const whole = newKey();
      await context.writer().put(whole, randomBytes(24 * mebibyte));
      expect((await contentOf(context.reader(), whole))?.length).toBe(24 * mebibyte);
      await context.reader().remove(whole);
    });

    it('that was severed reconnects with a later put', async () => {
      const severed = await context.keep(context.harness().writer());
      for (let round = 0; round < 5; round += 1) {
        const key = newKey();
        await severed.put(key, Buffer.from('later'));
        severed.sever();
        expect(await contentOf(context.reader(), key)).toEqual(Buffer.from('later'));
      }
    });

    it('rejects every put that runs or waits when it is severed', async () => {
      const severed = await context.keep(context.harness().writer());
      const { wire } = context.harness();
      wire.hold();
      try {
        const puts = Array.from({ length: 24 }, () => codeOf(severed.put(newKey(), randomBytes(100_000))));
        await new Promise((resolve) => setTimeout(resolve, 100));
        severed.sever();
        expect(new Set(await Promise.all(puts))).toEqual(new Set(['severed']));
      } finally {
        wire.release();
      }
    });

    it('lets running puts finish when it is closed, and takes no more', async () => {
      const closing = await context.harness().writer();
      const keys = Array.from({ length: 6 }, newKey);
      const puts = keys.map((key) => codeOf(closing.put(key, randomBytes(mebibyte))));
      await closing.close();
      expect(new Set(await Promise.all(puts))).toEqual(new Set(['it did not reject']));
      expect(await codeOf(closing.put(newKey(), Buffer.from('x')))).toBe('closed');
      for (const key of keys) expect((await context.reader().stat(key))?.bytes).toBe(mebibyte);
    });
  });
};
