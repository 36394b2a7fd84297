import { describe, expect, it } from '@jest/globals';
import { newUuidV7 } from '@lethe/contracts';
import { createLogSigner } from '../log/log-signer.js';
import { testOrigin, testSigner } from '../testing/running-log.contract.js';
import type { AnchoredCheckpoint, Anchors, Tombstone } from './anchors.js';

const signer = createLogSigner(testOrigin, [testSigner]);

export const checkpointOf = (size: number, seed = 1): AnchoredCheckpoint => {
  const state = { size, root: Buffer.alloc(32, seed) };
  return { ...state, note: signer.sign(state) };
};

export const listOf = async (tombstones: AsyncIterable<Tombstone>): Promise<Tombstone[]> => {
  const all: Tombstone[] = [];
  for await (const tombstone of tombstones) all.push(tombstone);
  return all;
};

/** What anchors promise wherever they are kept. `open` opens the same ones each time; they are empty at first. */
export const describeAnchors = (name: string, open: () => Promise<Anchors>): void => {
  describe(`anchors in ${name}`, () => {
    it('have no checkpoint at first, and then the largest, whatever the order they came in', async () => {
      const anchors = await open();
      expect(await anchors.newest()).toBeUndefined();
      for (const size of [0, 9, 10, 7, 1_000_000_000]) await anchors.keep(checkpointOf(size));
      expect(await anchors.newest()).toEqual(checkpointOf(1_000_000_000));
      expect(await (await open()).newest()).toEqual(checkpointOf(1_000_000_000));
    });

    it('take the same again, and refuse another root of a size they hold', async () => {
      const anchors = await open();
      await anchors.keep(checkpointOf(2_000_000_000));
      await anchors.keep(checkpointOf(2_000_000_000));
      await expect(anchors.keep(checkpointOf(2_000_000_000, 2))).rejects.toMatchObject({ code: 'conflict' });
      expect(await anchors.newest()).toEqual(checkpointOf(2_000_000_000));
      expect(await (await open()).newest()).toEqual(checkpointOf(2_000_000_000));
    });

    it('see what another service kept, and take what comes at once', async () => {
      const [one, other] = [await open(), await open()];
      await Promise.all(
        Array.from({ length: 30 }, (_, i) =>
          (i % 2 === 0 ? one : other).keep(checkpointOf(2_500_000_000 + i)),
        ),
      );
      expect((await one.newest())?.size).toBe(2_500_000_029);
      expect((await other.newest())?.size).toBe(2_500_000_029);
    });

    it('keep the first tombstone of each organization for ever', async () => {
      const anchors = await open();
      expect(await listOf(anchors.tombstones())).toEqual([]);
      const tombstone = (enabledAtMs: number, shredHistory: boolean): Tombstone => ({
        orgId: newUuidV7(),
        enabledAtMs,
        eventId: newUuidV7(),
        shredHistory,
      });
      const first = tombstone(1, false);
      const others = Array.from({ length: 40 }, (_, i) => tombstone(i, i % 2 === 0));
      for (const each of [first, ...others, { ...first, enabledAtMs: 9, shredHistory: true }])
        await anchors.bury(each);
      const byOrg = [first, ...others].sort((a, b) => (a.orgId < b.orgId ? -1 : 1));
      expect(await listOf((await open()).tombstones())).toEqual(byOrg);
    });
  });
};
