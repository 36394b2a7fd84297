import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { propertyRuns } from '../testing/property-runs.js';
import { TestLog } from '../testing/test-log.js';
import { nodeKey } from '../tree/node.js';
import { consistencyNodes, consistencyProof } from './consistency.js';
import { inclusionNodes, inclusionProof } from './inclusion.js';

const nodesMax = (size: number): number => Math.max(1, 2 * Math.ceil(Math.log2(size)));

describe('the nodes a proof needs', () => {
  it('are at most 2·log2(size), for any place in any size', () => {
    const size = fc.oneof(
      fc.integer({ min: 1, max: 5_000 }),
      fc.integer({ min: 1, max: 10_000_000 }),
      fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    );
    fc.assert(
      fc.property(size, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (leaves, part) => {
        const index = Math.min(leaves - 1, Math.floor(leaves * part));
        expect(inclusionNodes(index, leaves).length).toBeLessThanOrEqual(nodesMax(leaves));
        expect(consistencyNodes(index, leaves).length).toBeLessThanOrEqual(nodesMax(leaves));
      }),
      propertyRuns(500),
    );
  });

  it('grow by a few for a tree a thousand times as large', () => {
    const worst = (size: number): number => {
      let most = 0;
      for (let index = 0; index < size; index += Math.max(1, Math.floor(size / 997)))
        most = Math.max(most, inclusionNodes(index, size).length, consistencyNodes(index, size).length);
      return most;
    };
    const figures = [1e4, 1e5, 1e6, 1e7].map((size) => `${size}: ${worst(size)}`);
    process.stdout.write(`most nodes read for a proof, by tree size: ${figures.join(', ')}\n`);
    expect(worst(1e7)).toBeLessThanOrEqual(48);
  });

  it('are complete subtrees, and no other is asked for', () => {
    const log = TestLog.decimal(700);
    const asked: string[] = [];
    const lookup = (node: { level: number; index: number }) => {
      asked.push(nodeKey(node));
      return log.nodes.get(nodeKey(node));
    };
    for (const [index, size] of [
      [0, 700],
      [699, 700],
      [511, 513],
      [300, 700],
      [0, 1],
    ] as const) {
      asked.length = 0;
      inclusionProof(index, size, lookup);
      expect(asked).toEqual(inclusionNodes(index, size).map(nodeKey));
      asked.length = 0;
      consistencyProof(index, size, lookup);
      expect(asked).toEqual(consistencyNodes(index, size).map(nodeKey));
    }
  });

  it('must all be there', () => {
    const log = TestLog.decimal(100);
    for (const node of inclusionNodes(37, 100)) {
      const lacking = new Map(log.nodes);
      lacking.delete(nodeKey(node));
      expect(() => inclusionProof(37, 100, lacking)).toThrow('node_missing');
    }
  });

  it.each([
    [-1, 5],
    [5, 5],
    [0, 0],
    [1.5, 5],
    [0, 2 ** 53],
    [Number.NaN, 5],
  ])('refuse index %d in size %d', (index, size) => {
    expect(() => inclusionNodes(index, size)).toThrow(/_invalid$/);
  });

  it.each([
    [6, 5],
    [-1, 5],
    [1, 2 ** 53],
  ])('refuse growth from %d to %d', (from, to) => {
    expect(() => consistencyNodes(from, to)).toThrow('size_invalid');
  });
});
