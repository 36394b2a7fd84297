import { joinedPieces } from './join-pieces.js';
import type { Searcher } from './searcher.js';
import { unpackedMembers } from './unpack.js';

/** A canary that was found. */
export interface Finding {
  /** Where: a file's path, a table's name, a face's URL. */
  readonly sink: string;
  /** The canary's place. */
  readonly place: string;
  /** How it was written: `plain`, `base64`, `plain, compressed`, `fragment, in pieces`. */
  readonly form: string;
}

/** Searches bytes as they are, unpacked, and put together from pieces. */
export const scanBytes = (searcher: Searcher, sink: string, bytes: Buffer): Finding[] => {
  const found = (from: Buffer, suffix: string): Finding[] =>
    searcher.search(from).map((hit) => ({ sink, place: hit.canary.place, form: `${hit.encoding}${suffix}` }));
  return [
    ...found(bytes, ''),
    ...unpackedMembers(bytes).flatMap((member) => found(member, ', compressed')),
    ...joinedPieces(bytes).flatMap((joined) => found(joined, ', in pieces')),
  ];
};
