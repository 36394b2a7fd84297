import { parentHashOf, type TreeHead, verifyConsistency } from './merkle.js';
import { type ReadTile, readHashTile } from './read-tile.js';
import { fail, type Verdict } from './verdict.js';

const tileHashes = 256;

/** Roots of parts of a tree of known size, computed from its tiles, each of which is read once. */
class PartRoots {
  private readonly tiles = new Map<string, readonly Buffer[]>();

  constructor(
    private readonly readTile: ReadTile,
    private readonly size: number,
  ) {}

  /** Root of the leaves from `start` to `end`: complete subtrees, folded from the right. */
  async root(start: number, end: number): Promise<Verdict<{ readonly hash: Buffer }>> {
    let level = 0;
    let leaves = 1;
    while (leaves * 2 <= end - start) {
      leaves *= 2;
      level += 1;
    }
    const left = await this.subtree(level, start / leaves);
    if (!left.ok || start + leaves === end) return left;
    const right = await this.root(start + leaves, end);
    return right.ok ? { ok: true, hash: parentHashOf(left.hash, right.hash) } : right;
  }

  private async subtree(level: number, index: number): Promise<Verdict<{ readonly hash: Buffer }>> {
    const tileLevel = Math.floor(level / 8);
    const first = index * 2 ** (level % 8);
    const read = await this.tile(tileLevel, Math.floor(first / tileHashes));
    if (!read.ok) return read;
    const offset = first % tileHashes;
    let hashes = read.hashes.slice(offset, offset + 2 ** (level % 8));
    if (hashes.length !== 2 ** (level % 8)) return fail('tile_malformed', { level: tileLevel, index });
    while (hashes.length > 1)
      hashes = Array.from({ length: hashes.length / 2 }, (_, at) =>
        parentHashOf(hashes[2 * at] as Buffer, hashes[2 * at + 1] as Buffer),
      );
    return { ok: true, hash: hashes[0] as Buffer };
  }

  private async tile(level: number, index: number): Promise<Verdict<{ readonly hashes: readonly Buffer[] }>> {
    const known = this.tiles.get(`${level}/${index}`);
    if (known) return { ok: true, hashes: known };
    const width = Math.min(tileHashes, Math.floor(this.size / tileHashes ** level) - index * tileHashes);
    const read = await readHashTile(this.readTile, { level, index, width });
    if (read.ok) this.tiles.set(`${level}/${index}`, read.hashes);
    return read;
  }
}

/** Where RFC 6962 takes the hashes of a consistency proof, first to last. */
const proofParts = (from: number, to: number): (readonly [start: number, end: number])[] => {
  const walk = (old: number, start: number, end: number): (readonly [number, number])[] => {
    if (old === end - start) return start === 0 ? [] : [[start, end]];
    let left = 1;
    while (left * 2 < end - start) left *= 2;
    return old <= left
      ? [...walk(old, start, start + left), [start + left, end]]
      : [...walk(old - left, start + left, end), [start, start + left]];
  };
  return from === 0 || from === to ? [] : walk(from, 0, to);
};

/**
 * Verifies from the newer tree's hash tiles that it begins with the older tree. The tiles need not be trusted: what is
 * computed from them must lead to both roots. Reads at most a few tiles a level.
 */
export const verifyGrowth = async (readTile: ReadTile, from: TreeHead, to: TreeHead): Promise<Verdict> => {
  const sizes = [from.size, to.size];
  if (!sizes.every((size) => Number.isSafeInteger(size) && size >= 0) || from.size > to.size)
    return fail('size_invalid');
  const parts = new PartRoots(readTile, to.size);
  const proof: Buffer[] = [];
  for (const [start, end] of proofParts(from.size, to.size)) {
    const part = await parts.root(start, end);
    if (!part.ok) return part;
    proof.push(part.hash);
  }
  return verifyConsistency(from, to, proof);
};
