import { hash } from 'node:crypto';
import { must } from '../fault.js';

/** Bytes of every hash in the log (SHA-256). */
export const hashBytes = 32;
/** Most bytes of one entry: an entry bundle gives its length in two bytes. */
export const entryBytesMax = 65_535;

const leafPrefix = Buffer.from([0x00]);
// One scratch buffer for all nodes: hashing is synchronous, and a fresh buffer a node would double its cost.
const nodeInput = Buffer.alloc(1 + 2 * hashBytes, 0x01);

/** Root of the tree without leaves: SHA-256 of nothing. A fresh copy each time. */
export const emptyRoot = (): Buffer => hash('sha256', '', 'buffer');

/** Leaf hash of RFC 6962: SHA-256(0x00 ‖ entry), 32 bytes. Throws `entry_too_long` above 65,535 bytes. */
export const hashLeaf = (entry: Uint8Array): Buffer => {
  must(entry.length <= entryBytesMax, 'entry_too_long');
  return hash('sha256', Buffer.concat([leafPrefix, entry]), 'buffer');
};

/** Node hash of RFC 6962: SHA-256(0x01 ‖ left ‖ right), 32 bytes. Throws `hash_invalid` unless both have 32 bytes. */
export const hashChildren = (left: Uint8Array, right: Uint8Array): Buffer => {
  must(left.length === hashBytes && right.length === hashBytes, 'hash_invalid');
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + hashBytes);
  return hash('sha256', nodeInput, 'buffer');
};
