import { isCount, must } from '../fault.js';
import { emptyRoot, hashBytes, hashChildren } from './hash.js';
import { lookUp, type NodeId, type NodeLookup, type TreeNode } from './node.js';
import { foldRight, rangeNodes } from './range.js';

/** All that a writer must remember of a tree to go on: the roots of its complete subtrees, left to right. */
export interface Frontier {
  readonly size: number;
  readonly hashes: readonly Buffer[];
}

export interface Appended {
  readonly frontier: Frontier;
  readonly root: Buffer;
  /** Every node completed by the batch, the leaves included, each after its children. */
  readonly nodes: readonly TreeNode[];
}

export const emptyFrontier: Frontier = { size: 0, hashes: [] };

/** The nodes whose hashes make up the frontier of a tree of this size: at most 53. */
export const frontierNodes = (size: number): NodeId[] => {
  must(isCount(size), 'size_invalid');
  return rangeNodes({ start: 0, end: size });
};

/** The frontier of a stored tree. Throws `node_missing` when the lookup lacks one of `frontierNodes(size)`. */
export const restoreFrontier = (size: number, lookup: NodeLookup): Frontier => ({
  size,
  hashes: frontierNodes(size).map((node) => lookUp(lookup, node)),
});

/** Root of the tree of a frontier, 32 bytes. */
export const frontierRoot = ({ hashes }: Frontier): Buffer =>
  hashes.length === 0 ? emptyRoot() : foldRight(hashes);

/**
 * Appends leaf hashes in order. Costs one hash a leaf on average plus one a level. The frontier given is not changed.
 * Throws `frontier_invalid`, `hash_invalid`, or `size_invalid` past 2^53 - 1 leaves.
 */
export const appendLeaves = (frontier: Frontier, leafHashes: readonly Buffer[]): Appended => {
  must(frontierNodes(frontier.size).length === frontier.hashes.length, 'frontier_invalid');
  must(isCount(frontier.size + leafHashes.length), 'size_invalid');
  const hashes = [...frontier.hashes];
  const nodes: TreeNode[] = [];
  leafHashes.forEach((leafHash, offset) => {
    must(leafHash.length === hashBytes, 'hash_invalid');
    let node: TreeNode = { level: 0, index: frontier.size + offset, hash: leafHash };
    nodes.push(node);
    while (node.index % 2 === 1) {
      const left = hashes.pop() as Buffer;
      node = { level: node.level + 1, index: (node.index - 1) / 2, hash: hashChildren(left, node.hash) };
      nodes.push(node);
    }
    hashes.push(node.hash);
  });
  const grown: Frontier = { size: frontier.size + leafHashes.length, hashes };
  return { frontier: grown, root: frontierRoot(grown), nodes };
};
