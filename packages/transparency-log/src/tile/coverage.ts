import { isCount, must } from '../fault.js';
import { type TileId, tileWidth } from './tile-path.js';

function* newAtLevel(level: TileId['level'], before: number, after: number): Generator<TileId> {
  for (let index = Math.floor(before / tileWidth); index * tileWidth < after; index += 1) {
    const width = Math.min(tileWidth, after - index * tileWidth);
    if (before < index * tileWidth + width) yield { level, index, width };
  }
}

/** Hash tiles that a tree of `newSize` has and one of `oldSize` had not, partial ones included. Throws `size_invalid`. */
export function* newTiles(oldSize: number, newSize: number): Generator<TileId> {
  must(isCount(oldSize) && isCount(newSize) && oldSize <= newSize, 'size_invalid');
  let before = oldSize;
  let after = newSize;
  for (let level = 0; after > 0; level += 1) {
    yield* newAtLevel(level, before, after);
    before = Math.floor(before / tileWidth);
    after = Math.floor(after / tileWidth);
  }
}

/** The hash tiles of a tree of this size, with its partial ones. */
export const tilesOfSize = (size: number): Generator<TileId> => newTiles(0, size);

/** Entry bundles that a log of `newSize` has and one of `oldSize` had not. Throws `size_invalid`. */
export function* newEntryBundles(oldSize: number, newSize: number): Generator<TileId> {
  must(isCount(oldSize) && isCount(newSize) && oldSize <= newSize, 'size_invalid');
  yield* newAtLevel('entries', oldSize, newSize);
}

/** Whether a tree of this size has this tile or bundle at this width, or a full one in its place. */
export const sizeHasTile = (tile: TileId, size: number): boolean => {
  must(isCount(size), 'size_invalid');
  let count = size;
  for (let level = 0; level < (tile.level === 'entries' ? 0 : tile.level); level += 1)
    count = Math.floor(count / tileWidth);
  return tile.width >= 1 && tile.width <= tileWidth && tile.index * tileWidth + tile.width <= count;
};
