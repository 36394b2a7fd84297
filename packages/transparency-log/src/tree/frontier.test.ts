import { describe, expect, it } from '@jest/globals';
import { decimalEntries, TestLog } from '../testing/test-log.js';
import { uniformNode } from '../testing/uniform-tree.js';
import { appendLeaves, emptyFrontier, frontierNodes, frontierRoot, restoreFrontier } from './frontier.js';
import { entryBytesMax, hashChildren, hashLeaf } from './hash.js';
import { nodeKey } from './node.js';

describe('frontier', () => {
  it('is restored from the stored nodes and goes on to the same root', () => {
    const whole = TestLog.decimal(333);
    for (const size of [0, 1, 2, 7, 255, 256, 257, 332]) {
      const restored = restoreFrontier(size, whole.nodes);
      const rest = decimalEntries(size, 333).map(hashLeaf);
      expect(appendLeaves(restored, rest).root).toEqual(whole.root);
    }
  });

  it('gives each completed node once, children before parents', () => {
    const { nodes } = appendLeaves(emptyFrontier, decimalEntries(0, 100).map(hashLeaf));
    const seen = new Set<string>();
    for (const node of nodes) {
      if (node.level > 0)
        for (const side of [0, 1])
          expect(seen).toContain(nodeKey({ level: node.level - 1, index: node.index * 2 + side }));
      expect(seen).not.toContain(nodeKey(node));
      seen.add(nodeKey(node));
    }
    // 100 leaves, and for each of the three ones in binary 1100100 a complete subtree above.
    expect(nodes).toHaveLength(2 * 100 - 3);
  });

  it('costs a leaf about two nodes, however large the tree', () => {
    const size = 2 ** 40 + 12_345;
    const frontier = restoreFrontier(size, uniformNode);
    const { nodes } = appendLeaves(frontier, decimalEntries(0, 256).map(hashLeaf));
    expect(nodes.length).toBeLessThan(2 * 256 + 41);
    expect(frontierNodes(size).length).toBeLessThanOrEqual(41);
  });

  it('leaves the frontier it was given as it was', () => {
    const before = appendLeaves(emptyFrontier, decimalEntries(0, 7).map(hashLeaf)).frontier;
    const root = frontierRoot(before);
    appendLeaves(before, decimalEntries(7, 20).map(hashLeaf));
    expect(frontierRoot(before)).toEqual(root);
    expect(before.size).toBe(7);
  });

  it('refuses what cannot be a tree', () => {
    const { frontier } = appendLeaves(emptyFrontier, decimalEntries(0, 5).map(hashLeaf));
    const leaf = hashLeaf(Buffer.from('x'));
    expect(() => appendLeaves({ ...frontier, size: 3.5 }, [])).toThrow('size_invalid');
    expect(() => appendLeaves({ ...frontier, size: 7 }, [])).toThrow('frontier_invalid');
    expect(() => appendLeaves(frontier, [leaf.subarray(1)])).toThrow('hash_invalid');
    expect(() => restoreFrontier(5, new Map())).toThrow('node_missing');
    expect(() => restoreFrontier(1, () => Buffer.alloc(31))).toThrow('hash_invalid');
    expect(() => restoreFrontier(-1, new Map())).toThrow('size_invalid');
    const full = restoreFrontier(Number.MAX_SAFE_INTEGER, uniformNode);
    expect(() => appendLeaves(full, [leaf])).toThrow('size_invalid');
    expect(() => hashChildren(leaf, leaf.subarray(1))).toThrow('hash_invalid');
    expect(hashLeaf(Buffer.alloc(entryBytesMax))).toHaveLength(32);
    expect(() => hashLeaf(Buffer.alloc(entryBytesMax + 1))).toThrow('entry_too_long');
  });
});
