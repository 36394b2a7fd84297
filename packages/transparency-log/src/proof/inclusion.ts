import { isCount, must } from '../fault.js';
import type { NodeId, NodeLookup } from '../tree/node.js';
import { type LeafRange, rangeNodes, rangeRoot, splitPoint } from '../tree/range.js';

/** The subtrees whose roots form the path, from the leaf's sibling upward. */
const pathRanges = (index: number, size: number): LeafRange[] => {
  must(isCount(size), 'size_invalid');
  must(isCount(index) && index < size, 'index_invalid');
  const ranges: LeafRange[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    if (index < middle) {
      ranges.push({ start: middle, end });
      end = middle;
    } else {
      ranges.push({ start, end: middle });
      start = middle;
    }
  }
  return ranges.reverse();
};

/** The complete subtrees an inclusion proof needs, at most about 2·log2(size). Throws `index_invalid`, `size_invalid`. */
export const inclusionNodes = (index: number, size: number): NodeId[] =>
  pathRanges(index, size).flatMap(rangeNodes);

/**
 * Gives the paths of leaves of one tree as `inclusionProof` does; what neighbours share at the ragged end of the tree is
 * hashed once.
 */
export const inclusionProver = (size: number, lookup: NodeLookup): ((index: number) => Buffer[]) => {
  const ragged = new Map<number, Buffer>();
  const rootOf = (range: LeafRange): Buffer => {
    if (range.end !== size) return rangeRoot(range, lookup);
    const known = ragged.get(range.start);
    if (known !== undefined) return known;
    const root = rangeRoot(range, lookup);
    ragged.set(range.start, root);
    return root;
  };
  return (index) => pathRanges(index, size).map(rootOf);
};

/** Path of RFC 6962 2.1.1, from the leaf's sibling upward, 32 bytes each. Throws also `node_missing`. */
export const inclusionProof = (index: number, size: number, lookup: NodeLookup): Buffer[] =>
  pathRanges(index, size).map((range) => rangeRoot(range, lookup));
