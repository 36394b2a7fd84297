import { must } from '../fault.js';
import { entryBytesMax, hashBytes } from '../tree/hash.js';
import { type TileId, tileWidth } from './tile-path.js';

/** Where a tile's hashes stand: `count` complete subtrees of one binary level from `firstIndex` on. */
export interface TileNodes {
  readonly level: number;
  readonly firstIndex: number;
  readonly count: number;
}

/** The nodes whose hashes make up a tile, in order: tile level L holds binary level 8·L; a bundle's are its leaves. */
export const tileNodes = ({ level, index, width }: TileId): TileNodes => ({
  level: level === 'entries' ? 0 : level * 8,
  firstIndex: index * tileWidth,
  count: width,
});

/** Bytes of a hash tile: its 1 to 256 hashes end to end. Throws `tile_invalid`, `hash_invalid`. */
export const encodeTile = (hashes: readonly Uint8Array[]): Buffer => {
  must(hashes.length >= 1 && hashes.length <= tileWidth, 'tile_invalid');
  must(
    hashes.every((hash) => hash.length === hashBytes),
    'hash_invalid',
  );
  return Buffer.concat(hashes);
};

/** Bytes of an entry bundle: 1 to 256 entries, each after its length in two bytes. Throws `tile_invalid`, `entry_too_long`. */
export const encodeEntryBundle = (entries: readonly Uint8Array[]): Buffer => {
  must(entries.length >= 1 && entries.length <= tileWidth, 'tile_invalid');
  return Buffer.concat(
    entries.flatMap((entry) => {
      must(entry.length <= entryBytesMax, 'entry_too_long');
      return [Buffer.from([entry.length >> 8, entry.length & 0xff]), entry];
    }),
  );
};
