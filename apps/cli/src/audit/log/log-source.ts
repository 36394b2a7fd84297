import type { ReadTile } from '@lethe/transparency-log';

/** Where a log can be read: its newest checkpoint and its tiles. Nothing of it is trusted. */
export interface LogSource {
  /** What a person calls it. */
  readonly name: string;
  /** Whether it is worth asking for the events themselves. */
  readonly hasEntries: boolean;
  /** The newest signed note; undefined when there is none. Rejects with Problem (exit code 3). */
  checkpoint(): Promise<Uint8Array | undefined>;
  /** Rejects with Problem (exit code 3) when it could not be read; undefined when it is not there. */
  readonly readTile: ReadTile;
}

/** No note, tile or bundle is longer. */
export const noteBytesMax = 131_072;
export const tileBytesMax = 256 * 32;
export const bundleBytesMax = 256 * (2 + 65_535);

export const isEntries = (path: string): boolean => path.startsWith('tile/entries/');
export const bytesMaxOf = (path: string): number => (isEntries(path) ? bundleBytesMax : tileBytesMax);
