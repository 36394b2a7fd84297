import { isCount, must } from '../fault.js';
import type { NodeId, NodeLookup } from '../tree/node.js';
import { type LeafRange, rangeNodes, rangeRoot, splitPoint } from '../tree/range.js';

/** The subtrees whose roots form the proof, in its order. */
const proofRanges = (from: number, to: number): LeafRange[] => {
  must(isCount(from) && isCount(to) && from <= to, 'size_invalid');
  // Every tree grows from the empty one, and from itself: nothing to show.
  if (from === 0 || from === to) return [];
  const ranges: LeafRange[] = [];
  let start = 0;
  let end = to;
  while (from !== end) {
    const middle = start + splitPoint(end - start);
    if (from <= middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  // Where the old tree itself is this subtree, the verifier has its root already.
  if (start !== 0) ranges.push({ start, end });
  return ranges.reverse();
};

/** The complete subtrees a consistency proof needs, at most about 2·log2(to). Throws `size_invalid`. */
export const consistencyNodes = (from: number, to: number): NodeId[] =>
  proofRanges(from, to).flatMap(rangeNodes);

/** Proof of RFC 6962 2.1.2 that `to` leaves extend `from`; empty for `from` 0 or `to`. Throws also `node_missing`. */
export const consistencyProof = (from: number, to: number, lookup: NodeLookup): Buffer[] =>
  proofRanges(from, to).map((range) => rangeRoot(range, lookup));
