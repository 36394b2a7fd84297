import { isCount, must } from '../fault.js';

/** Hashes of a full tile, entries of a full bundle. */
export const tileWidth = 256;

/** A tile of hashes (level 0 to 63; level L holds the roots of 256^L leaves) or a bundle of entries. */
export interface TileId {
  readonly level: number | 'entries';
  readonly index: number;
  /** How many hashes or entries: 1 to 255 is a partial tile, 256 a full one. */
  readonly width: number;
}

const levelMax = 63;
const pathCharsMax = 64;
const pattern = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/(\d{1,3}))?$/;

const indexPath = (index: number): string => {
  const digits = String(index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const groups = padded.match(/\d{3}/g) ?? [];
  return groups.map((group, at) => (at === groups.length - 1 ? group : `x${group}`)).join('/');
};

/** Path of a tile below the log's prefix, as C2SP tlog-tiles writes it: `tile/0/x001/234.p/17`. Throws `tile_invalid`. */
export const tilePath = ({ level, index, width }: TileId): string => {
  const levelFits = level === 'entries' || (isCount(level) && level <= levelMax);
  must(levelFits && isCount(index) && isCount(width) && width >= 1 && width <= tileWidth, 'tile_invalid');
  return `tile/${level}/${indexPath(index)}${width === tileWidth ? '' : `.p/${width}`}`;
};

/** The tile of a path without leading slash; undefined unless it is written exactly as `tilePath` would. */
export const parseTilePath = (path: string): TileId | undefined => {
  const match = path.length <= pathCharsMax ? pattern.exec(path) : null;
  if (!match) return undefined;
  const [, level = '', elements = '', width] = match;
  const tile: TileId = {
    level: level === 'entries' ? level : Number(level),
    index: Number(elements.replace(/[x/]/g, '')),
    width: width === undefined ? tileWidth : Number(width),
  };
  const fits =
    Number.isSafeInteger(tile.index) &&
    tile.width >= 1 &&
    tile.width <= tileWidth &&
    (tile.level === 'entries' || tile.level <= levelMax);
  // Written back and compared: that refuses every second spelling at once.
  return fits && tilePath(tile) === path ? tile : undefined;
};
