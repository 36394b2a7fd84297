import { GrowingTree } from './growing-tree.js';
import { leafHashOf, sameHash, type TreeHead } from './merkle.js';
import { type ReadTile, readEntryBundle, readHashTile, type WantedTile } from './read-tile.js';
import { fail, type Verdict } from './verdict.js';

export interface VerifyTilesOptions {
  readonly readTile: ReadTile;
  /** Size and root to be reached, from a verified checkpoint. */
  readonly checkpoint: TreeHead;
  /** Also rebuild the leaves from the entries (the default). Without, hash tiles alone are checked. */
  readonly entries?: boolean;
  /** Tree heads kept from before, each to be found again on the way, at most 10,000. */
  readonly earlier?: readonly TreeHead[];
  readonly onProgress?: (leavesDone: number, leavesTotal: number) => void;
  /** Each entry in order, once its leaf matched its tile. Final only when the verdict is ok; what it throws is passed on. */
  readonly visitEntry?: (entry: Uint8Array, index: number) => void;
}

const tileHashes = 256;
const earlierMax = 10_000;

const isHead = ({ size, root }: TreeHead): boolean =>
  Number.isSafeInteger(size) && size >= 0 && root instanceof Uint8Array && root.length === 32;

class TileWalk {
  private readonly tree = new GrowingTree();
  private readonly earlier: TreeHead[];

  constructor(private readonly options: VerifyTilesOptions) {
    this.earlier = [...(options.earlier ?? [])].sort((a, b) => a.size - b.size);
  }

  async run(): Promise<Verdict<{ readonly size: number }>> {
    const { checkpoint, onProgress } = this.options;
    const start = this.checkEarlier();
    if (!start.ok) return start;
    while (this.tree.size < checkpoint.size) {
      const index = this.tree.size / tileHashes;
      const width = Math.min(tileHashes, checkpoint.size - this.tree.size);
      const step = await this.bottomTile({ level: 0, index, width });
      if (!step.ok) return step;
      const upper = await this.upperTiles(this.tree.size === checkpoint.size);
      if (!upper.ok) return upper;
      onProgress?.(this.tree.size, checkpoint.size);
    }
    if (!sameHash(this.tree.root(), checkpoint.root)) return fail('root_differs', { size: checkpoint.size });
    return { ok: true, size: checkpoint.size };
  }

  private async bottomTile(tile: WantedTile): Promise<Verdict> {
    const { readTile, entries = true, visitEntry } = this.options;
    const read = await readHashTile(readTile, tile);
    if (!read.ok) return read;
    const first = this.tree.size;
    const bundle = entries ? await readEntryBundle(readTile, { ...tile, level: 'entries' }) : undefined;
    if (bundle?.ok === false) return bundle;
    for (const [at, hash] of read.hashes.entries()) {
      const entry = bundle?.entries[at];
      if (entry !== undefined && !sameHash(leafHashOf(entry), hash))
        return fail('entry_differs', { level: 0, index: first + at });
      this.tree.append(hash);
      const earlier = this.checkEarlier();
      if (!earlier.ok) return earlier;
      if (entry !== undefined) visitEntry?.(entry, first + at);
    }
    return { ok: true };
  }

  /** Compares every tile above that is now full; at the end of the log the partial ones too. */
  private async upperTiles(isEnd: boolean): Promise<Verdict> {
    for (let level = 1; level < this.tree.tiles.length; level += 1) {
      const hashes = this.tree.tiles[level] ?? [];
      if (hashes.length === 0 || (hashes.length < tileHashes && !isEnd)) continue;
      const count = Math.floor(this.tree.size / tileHashes ** level);
      const index = Math.ceil(count / tileHashes) - 1;
      const read = await readHashTile(this.options.readTile, { level, index, width: hashes.length });
      if (!read.ok) return read;
      const wrong = read.hashes.findIndex((hash, at) => !sameHash(hash, hashes[at] as Buffer));
      if (wrong >= 0) return fail('tile_differs', { level, index: index * tileHashes + wrong });
      hashes.length = 0;
    }
    return { ok: true };
  }

  private checkEarlier(): Verdict {
    while (this.earlier[0]?.size === this.tree.size) {
      const head = this.earlier.shift() as TreeHead;
      if (!sameHash(this.tree.root(), head.root)) return fail('root_differs', { size: head.size });
    }
    return { ok: true };
  }
}

/**
 * Verifies a whole log from its tiles and entry bundles: every entry hashes to its leaf, every tile follows from the one
 * below, and the root is the checkpoint's. Reads each tile once, in order, and keeps about 256 hashes a level.
 */
export const verifyTiles = async (
  options: VerifyTilesOptions,
): Promise<Verdict<{ readonly size: number }>> => {
  const { checkpoint, earlier = [] } = options;
  if (earlier.length > earlierMax) return fail('too_large');
  if (![checkpoint, ...earlier].every(isHead)) return fail('size_invalid');
  if (earlier.some(({ size }) => size > checkpoint.size)) return fail('size_invalid');
  return new TileWalk(options).run();
};
