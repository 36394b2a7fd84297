import { hashChildren } from './hash.js';
import { lookUp, type NodeId, type NodeLookup } from './node.js';

/** The leaves from `start` to `end` (exclusive), `start` divisible by the power of two that covers them. */
export interface LeafRange {
  readonly start: number;
  readonly end: number;
}

/** The largest power of two smaller than n, for n > 1: where RFC 6962 splits a tree. */
export const splitPoint = (n: number): number => {
  // Arithmetic, not bit operations: those stop at 2^32.
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
};

/** The complete subtrees that make up a range, left to right, the largest first. */
export const rangeNodes = ({ start, end }: LeafRange): NodeId[] => {
  const nodes: NodeId[] = [];
  for (let at = start; at < end; ) {
    let level = 0;
    let leaves = 1;
    while (leaves * 2 <= end - at) {
      leaves *= 2;
      level += 1;
    }
    nodes.push({ level, index: at / leaves });
    at += leaves;
  }
  return nodes;
};

/** Root of a sequence of complete subtrees, left to right, the largest first; at least one. */
export const foldRight = (hashes: readonly Buffer[]): Buffer =>
  hashes.reduceRight((right, left) => hashChildren(left, right));

/** Root of a range, from its complete subtrees; what is ragged at the right edge is computed here. */
export const rangeRoot = (range: LeafRange, lookup: NodeLookup): Buffer =>
  foldRight(rangeNodes(range).map((node) => lookUp(lookup, node)));
