import { isCount, must } from '../fault.js';
import { hashBytes } from '../tree/hash.js';
import { isKeyName, parseBase64, parseCount } from './text.js';

/** What a log signs: its name, how many leaves, and their root (32 bytes). */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** The three signed lines, each ending in newline. Throws `name_invalid`, `size_invalid`, `hash_invalid`. */
export const formatCheckpointBody = ({ origin, size, root }: Checkpoint): string => {
  must(isKeyName(origin), 'name_invalid');
  must(isCount(size), 'size_invalid');
  must(root.length === hashBytes, 'hash_invalid');
  return `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;
};

/** The checkpoint of a note's body; undefined unless it is written as `formatCheckpointBody` would. No extension lines. */
export const parseCheckpoint = (body: string): Checkpoint | undefined => {
  const lines = body.split('\n', 5);
  const [origin = '', size = '', root = '', end] = lines;
  const count = parseCount(size);
  const hash = parseBase64(root);
  if (lines.length !== 4 || end !== '' || count === undefined || hash?.length !== hashBytes) return undefined;
  return isKeyName(origin) ? { origin, size: count, root: hash } : undefined;
};
