import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { formatCheckpointBody } from '../checkpoint/checkpoint-body.js';
import { signNote } from '../checkpoint/note.js';
import { makeSigner, type NoteSigner } from '../checkpoint/signer.js';
import { formatProof } from '../proof/format-proof.js';
import { inclusionProof } from '../proof/inclusion.js';
import { newEntryBundles, newTiles } from '../tile/coverage.js';
import { encodeEntryBundle, encodeTile, tileNodes } from '../tile/tile-bytes.js';
import { type TileId, tilePath } from '../tile/tile-path.js';
import { appendLeaves, emptyFrontier, type Frontier, frontierRoot } from '../tree/frontier.js';
import { hashLeaf } from '../tree/hash.js';
import { nodeKey } from '../tree/node.js';

export const origin = 'audit.lethe.example/v1';
export const logSigner = makeSigner(origin, Buffer.alloc(32, 0x07));
/** Entry i is the ASCII decimal of i, as in the known answers. */
export const decimalEntries = (from: number, to: number): Buffer[] =>
  Array.from({ length: to - from }, (_, at) => Buffer.from(String(from + at)));

/** A log made with the writer, in memory, that can be written out as static files. */
export class TestLog {
  frontier: Frontier = emptyFrontier;
  readonly nodes = new Map<string, Buffer>();
  readonly entries: Buffer[] = [];
  readonly files = new Map<string, Buffer>();

  static decimal(size: number): TestLog {
    const log = new TestLog();
    log.append(decimalEntries(0, size));
    return log;
  }

  get size(): number {
    return this.frontier.size;
  }

  get root(): Buffer {
    return frontierRoot(this.frontier);
  }

  append(entries: readonly Buffer[]): void {
    const before = this.size;
    const { frontier, nodes } = appendLeaves(this.frontier, entries.map(hashLeaf));
    for (const node of nodes) this.nodes.set(nodeKey(node), node.hash);
    for (const entry of entries) this.entries.push(entry);
    this.frontier = frontier;
    for (const tile of newTiles(before, this.size)) this.files.set(tilePath(tile), this.tileBytes(tile));
    for (const tile of newEntryBundles(before, this.size))
      this.files.set(
        tilePath(tile),
        encodeEntryBundle(this.entries.slice(tile.index * 256, tile.index * 256 + tile.width)),
      );
  }

  body(): string {
    return formatCheckpointBody({ origin, size: this.size, root: this.root });
  }

  note(...signers: readonly NoteSigner[]): string {
    return signNote(this.body(), [logSigner, ...signers]);
  }

  proof(index: number, ...signers: readonly NoteSigner[]): string {
    const path = inclusionProof(index, this.size, this.nodes);
    return formatProof({
      extra: this.entries[index] as Buffer,
      index,
      path,
      checkpoint: this.note(...signers),
    });
  }

  readonly readTile = async (path: string): Promise<Buffer | undefined> => this.files.get(path);

  writeTo(folder: string, note = this.note()): void {
    for (const [path, bytes] of [...this.files, ['checkpoint', Buffer.from(note)] as const]) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
  }

  private tileBytes(tile: TileId): Buffer {
    const { level, firstIndex, count } = tileNodes(tile);
    return encodeTile(
      Array.from(
        { length: count },
        (_, at) => this.nodes.get(nodeKey({ level, index: firstIndex + at })) as Buffer,
      ),
    );
  }
}
