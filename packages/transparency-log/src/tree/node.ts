import { must } from '../fault.js';
import { hashBytes } from './hash.js';

/** A complete subtree: 2^level leaves from leaf `index * 2^level` on; level 0 is a leaf. */
export interface NodeId {
  readonly level: number;
  readonly index: number;
}

export interface TreeNode extends NodeId {
  readonly hash: Buffer;
}

/** Hashes of complete subtrees that were fetched already: a map by `nodeKey`, or a function. */
export type NodeLookup = ReadonlyMap<string, Uint8Array> | ((node: NodeId) => Uint8Array | undefined);

/** `level/index`, the key of a node in a lookup map. */
export const nodeKey = ({ level, index }: NodeId): string => `${level}/${index}`;

/** The hash of one node; throws `node_missing` when the lookup has none, `hash_invalid` when it is not 32 bytes. */
export const lookUp = (lookup: NodeLookup, node: NodeId): Buffer => {
  const found = typeof lookup === 'function' ? lookup(node) : lookup.get(nodeKey(node));
  must(found !== undefined, 'node_missing');
  must(found.length === hashBytes, 'hash_invalid');
  return Buffer.from(found.buffer, found.byteOffset, found.length);
};
