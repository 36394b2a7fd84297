import { fail, type Verdict } from './verdict.js';

/** Gives a tile's bytes by its path below the log's prefix (`tile/0/x001/000.p/5`); undefined when it is not there. */
export type ReadTile = (path: string) => Promise<Uint8Array | undefined>;

export interface WantedTile {
  readonly level: number | 'entries';
  readonly index: number;
  readonly width: number;
}

const tileHashes = 256;
const hashLength = 32;
const bundleBytesMax = tileHashes * (2 + 65_535);

const pathOf = ({ level, index }: WantedTile): string => {
  let rest = index;
  let path = String(rest % 1000).padStart(3, '0');
  for (rest = Math.floor(rest / 1000); rest > 0; rest = Math.floor(rest / 1000))
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  return `tile/${level}/${path}`;
};

/** The tile at its width, or the full one in its place, as C2SP allows once that exists. */
const readBytes = async (
  readTile: ReadTile,
  tile: WantedTile,
): Promise<Uint8Array | undefined | 'failed'> => {
  const path = pathOf(tile);
  try {
    const partial = tile.width < tileHashes ? await readTile(`${path}.p/${tile.width}`) : undefined;
    return partial ?? (await readTile(path));
  } catch {
    return 'failed';
  }
};

const place = ({ level, index }: WantedTile) => ({ level: level === 'entries' ? 0 : level, index });

/** The hashes of a tile, exactly as many as wanted. */
export const readHashTile = async (
  readTile: ReadTile,
  tile: WantedTile,
): Promise<Verdict<{ readonly hashes: readonly Buffer[] }>> => {
  const bytes = await readBytes(readTile, tile);
  if (bytes === 'failed') return fail('read_failed', place(tile));
  if (bytes === undefined) return fail('tile_missing', place(tile));
  const isWhole = bytes.length === tile.width * hashLength || bytes.length === tileHashes * hashLength;
  if (!isWhole) return fail('tile_malformed', place(tile));
  const hashes = Array.from({ length: tile.width }, (_, at) =>
    Buffer.from(bytes.subarray(at * hashLength, (at + 1) * hashLength)),
  );
  return { ok: true, hashes };
};

const splitBundle = (bytes: Uint8Array): Uint8Array[] | undefined => {
  const entries: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const start = at + 2;
    const end = start + (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
    if (start > bytes.length || end > bytes.length || entries.length === tileHashes) return undefined;
    entries.push(bytes.subarray(start, end));
    at = end;
  }
  return entries;
};

/** The entries of a bundle, exactly as many as wanted. */
export const readEntryBundle = async (
  readTile: ReadTile,
  tile: WantedTile,
): Promise<Verdict<{ readonly entries: readonly Uint8Array[] }>> => {
  const bytes = await readBytes(readTile, tile);
  if (bytes === 'failed') return fail('read_failed', place(tile));
  if (bytes === undefined) return fail('bundle_missing', place(tile));
  const entries = bytes.length <= bundleBytesMax ? splitBundle(bytes) : undefined;
  if (!entries || (entries.length !== tile.width && entries.length !== tileHashes))
    return fail('bundle_malformed', place(tile));
  return { ok: true, entries: entries.slice(0, tile.width) };
};
