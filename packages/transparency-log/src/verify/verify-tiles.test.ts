import { describe, expect, it } from '@jest/globals';
import { decimalEntries, logSigner, TestLog } from '../testing/test-log.js';
import { GrowingTree } from './growing-tree.js';
import { verifyGrowth } from './verify-growth.js';
import { verifyProof } from './verify-proof.js';
import { verifyTiles } from './verify-tiles.js';

const headOf = (log: TestLog) => ({ size: log.size, root: log.root });

describe('a whole log', () => {
  it.each([0, 1, 7, 255, 256, 257, 512, 700])('of %d entries is verified from its tiles', async (size) => {
    const log = TestLog.decimal(size);
    const seen: string[] = [];
    const progress: number[] = [];
    const verdict = await verifyTiles({
      readTile: log.readTile,
      checkpoint: headOf(log),
      earlier: [0, 1, 200, 256, 300, 512, 513, 700]
        .filter((earlier) => earlier <= size)
        .map((earlier) => headOf(TestLog.decimal(earlier))),
      visitEntry: (entry, index) => seen.push(`${index}:${Buffer.from(entry).toString()}`),
      onProgress: (done) => progress.push(done),
    });
    expect(verdict).toEqual({ ok: true, size });
    expect(seen).toEqual(Array.from({ length: size }, (_, index) => `${index}:${index}`));
    expect(progress).toHaveLength(Math.ceil(size / 256));
  });

  it('of 70,000 entries is verified, each file read once, with few hashes kept', async () => {
    const log = TestLog.decimal(70_000);
    const reads: string[] = [];
    const readTile = async (path: string) => {
      reads.push(path);
      return log.files.get(path);
    };
    expect(await verifyTiles({ readTile, checkpoint: headOf(log) })).toEqual({ ok: true, size: 70_000 });
    expect(new Set(reads).size).toBe(reads.length);
    // 274 tiles and 274 bundles of leaves, two tiles above them, one on top.
    expect(reads).toHaveLength(274 * 2 + 2 + 1);
    const tree = new GrowingTree();
    for (let leaf = 0; leaf < 70_000; leaf += 1) {
      tree.append(Buffer.alloc(32));
      const kept = tree.tiles.flat().length;
      if (tree.tiles[1]?.length === 256) tree.tiles[1].length = 0;
      if (kept > 256 + 2) throw new Error('too many hashes are kept');
    }
  }, 60_000);

  it('is served by full tiles where partial ones were deleted', async () => {
    const log = TestLog.decimal(300);
    const checkpoint = headOf(log);
    log.append(TestLog.decimal(700).entries.slice(300));
    log.files.delete('tile/0/001.p/44');
    log.files.delete('tile/entries/001.p/44');
    expect(await verifyTiles({ readTile: log.readTile, checkpoint })).toEqual({ ok: true, size: 300 });
  });

  it('is shown to have grown from any earlier size, by a few tiles', async () => {
    const log = new TestLog();
    const heads = [headOf(log)];
    for (const size of [1, 255, 256, 300, 65_535, 65_536, 69_999, 70_000]) {
      log.append(decimalEntries(log.size, size));
      heads.push(headOf(log));
    }
    for (const old of heads) {
      const reads: string[] = [];
      const readTile = async (path: string) => {
        reads.push(path);
        return log.files.get(path);
      };
      expect(await verifyGrowth(readTile, old, headOf(log))).toEqual({ ok: true });
      expect(reads.length).toBeLessThanOrEqual(6);
    }
  }, 60_000);
});

describe('a proof', () => {
  const log = TestLog.decimal(300);
  const policy = { logVerifierKey: logSigner.verifierKey };

  it('stands for its entry in every place', () => {
    for (const index of [0, 1, 127, 255, 256, 299]) {
      expect(verifyProof(log.proof(index), policy)).toMatchObject({
        ok: true,
        index,
        entry: Buffer.from(String(index)),
        checkpoint: { size: 300, cosignedBy: [] },
      });
    }
  });

  it('of a log with a single entry has no path', () => {
    expect(verifyProof(TestLog.decimal(1).proof(0), policy)).toMatchObject({ ok: true, index: 0 });
  });

  it('without its entry takes it from the caller', () => {
    const bare = log.proof(5).replace(/extra .*\n/, '');
    expect(verifyProof(bare, policy)).toEqual({ ok: false, code: 'entry_missing' });
    expect(verifyProof(bare, policy, Buffer.from('5'))).toMatchObject({ ok: true, index: 5 });
    expect(verifyProof(bare, policy, Buffer.from('6'))).toMatchObject({ ok: false, code: 'root_differs' });
    expect(verifyProof(log.proof(5), policy, Buffer.from('6'))).toEqual({ ok: false, code: 'entry_differs' });
  });

  it.each<[string, (text: string) => string]>([
    ['another first line', (text) => text.replace('@v1', '@v2')],
    ['an index with a zero before', (text) => text.replace('index 5', 'index 05')],
    ['no index', (text) => text.replace('index 5\n', '')],
    ['two indices', (text) => text.replace('index 5\n', 'index 5\nindex 5\n')],
    ['extra after the index', (text) => text.replace(/(extra .*\n)(index .*\n)/, '$2$1')],
    ['no empty line', (text) => text.replace('\n\n', '\n')],
    ['carriage returns', (text) => text.replaceAll('\n', '\r\n')],
    ['something before', (text) => ` ${text}`],
    ['something after', (text) => `${text}x`],
  ])('with %s is refused', (_, alter) => {
    const verdict = verifyProof(alter(log.proof(5)), policy);
    expect(verdict).toMatchObject({ ok: false, code: expect.stringMatching(/malformed$/) });
  });

  it('of another index or with a path of another length is refused', () => {
    const text = log.proof(5);
    expect(verifyProof(text.replace('index 5', 'index 4'), policy)).toMatchObject({ code: 'root_differs' });
    expect(verifyProof(text.replace('index 5', 'index 300'), policy)).toMatchObject({
      code: 'index_invalid',
    });
    expect(verifyProof(text.replace(/(index 5\n).*\n/, '$1'), policy)).toMatchObject({ ok: false });
    const line = 'o+I7Msy2v5bQktFl2KpUbgmCnejwOw6JV1gdHha5K98=\n';
    expect(verifyProof(text.replace('index 5\n', `index 5\n${line}`), policy)).toMatchObject({ ok: false });
  });
});
