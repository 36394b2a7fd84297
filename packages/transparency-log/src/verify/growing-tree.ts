import { parentHashOf, rootOfNothing } from './merkle.js';

/** A tree that is rebuilt leaf by leaf: keeps one hash for each complete subtree, and each level's newest tile. */
export class GrowingTree {
  size = 0;
  /** By tile level, from 1: hashes of full tiles below that are not yet in a full tile of this level. */
  readonly tiles: Buffer[][] = [];
  private readonly peaks: { leaves: number; hash: Buffer }[] = [];

  append(leafHash: Buffer): void {
    let peak = { leaves: 1, hash: leafHash };
    for (let level = 1; this.peaks.at(-1)?.leaves === peak.leaves; level += 1) {
      const left = this.peaks.pop() as { leaves: number; hash: Buffer };
      peak = { leaves: peak.leaves * 2, hash: parentHashOf(left.hash, peak.hash) };
      if (level % 8 === 0) this.keep(level / 8, peak.hash);
    }
    this.peaks.push(peak);
    this.size += 1;
  }

  root(): Buffer {
    const last = this.peaks.at(-1);
    if (!last) return rootOfNothing();
    return this.peaks.slice(0, -1).reduceRight((right, { hash }) => parentHashOf(hash, right), last.hash);
  }

  private keep(tileLevel: number, hash: Buffer): void {
    while (this.tiles.length <= tileLevel) this.tiles.push([]);
    this.tiles[tileLevel]?.push(hash);
  }
}
