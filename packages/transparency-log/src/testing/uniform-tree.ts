import { hashChildren, hashLeaf } from '../tree/hash.js';
import type { NodeId } from '../tree/node.js';
import { foldRight, rangeNodes } from '../tree/range.js';

// A tree whose leaves are all alike: a subtree's root depends on its level alone, so trees of 2^53 - 1 leaves fit in memory.
const byLevel: Buffer[] = [hashLeaf(Buffer.from('the same'))];
for (let level = 1; level <= 53; level += 1) {
  const below = byLevel[level - 1] as Buffer;
  byLevel.push(hashChildren(below, below));
}

export const uniformLeaf = byLevel[0] as Buffer;
export const uniformNode = ({ level }: NodeId): Buffer | undefined => byLevel[level];
export const uniformRoot = (size: number): Buffer =>
  foldRight(rangeNodes({ start: 0, end: size }).map((node) => uniformNode(node) as Buffer));
