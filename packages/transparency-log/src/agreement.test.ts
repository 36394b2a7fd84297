import { describe, expect, it } from '@jest/globals';
import { RFC9162 } from '@transmute/rfc9162';
import fc from 'fast-check';
import {
  appendLeaves,
  consistencyProof,
  emptyFrontier,
  frontierRoot,
  hashLeaf,
  inclusionProof,
  inclusionProver,
  verifyConsistency,
  verifyGrowth,
  verifyInclusion,
  verifyTiles,
} from './index.js';
import { NaiveTree } from './testing/naive-tree.js';
import { propertyRuns } from './testing/property-runs.js';
import { decimalEntries, TestLog } from './testing/test-log.js';
import { uniformLeaf, uniformNode, uniformRoot } from './testing/uniform-tree.js';

const sizeMax = 600;
const entries = decimalEntries(0, sizeMax);
const naive = new NaiveTree(entries);
const { leaves } = naive;
const log = TestLog.decimal(sizeMax);
const roots = Array.from({ length: sizeMax + 1 }, (_, size) => naive.root(0, size));
// Compared as text: a deep comparison of buffers is a hundred times slower.
const hex = (hashes: readonly Uint8Array[]): string =>
  hashes.map((hash) => Buffer.from(hash).toString('hex')).join(' ');
const isLong = process.env.LETHE_LONG === '1';
const head = (size: number) => ({ size, root: roots[size] as Buffer });
/** Every position of a small tree; of a larger one the edges and a few that differ from size to size. */
const positions = (size: number): number[] =>
  size <= 40
    ? Array.from({ length: size }, (_, at) => at)
    : [
        ...new Set([
          0,
          1,
          size >> 1,
          (size * 7919) % size,
          (size * size * 31 + 17) % size,
          size - 2,
          size - 1,
        ]),
      ];

describe('writer, naive tree, another library and verifier agree', () => {
  it('on the root of every size from 0 to 600', () => {
    let frontier = emptyFrontier;
    for (const [size, root] of roots.entries()) {
      expect(frontierRoot(frontier).equals(root)).toBe(true);
      const next = entries[size];
      if (next) frontier = appendLeaves(frontier, [hashLeaf(next)]).frontier;
    }
    expect(frontier.size).toBe(sizeMax);
  });

  // That library takes 0.1 ms a hash, so only the long form asks it for every size; the Go program always does.
  it('with @transmute/rfc9162 on roots', async () => {
    for (const [size, root] of roots.entries()) {
      const isAsked =
        isLong || size <= 100 || size % 37 === 0 || [255, 256, 257, 511, 512, 513].includes(size);
      if (isAsked) expect(hex([await RFC9162.treeHead(entries.slice(0, size))])).toBe(hex([root]));
    }
  });

  it('on inclusion proofs in every size from 1 to 600', () => {
    const wrong: string[] = [];
    let proofs = 0;
    for (let size = 1; size <= sizeMax; size += 1) {
      const prove = inclusionProver(size, log.nodes);
      for (const index of positions(size)) {
        const path = inclusionProof(index, size, log.nodes);
        const claim = { leafHash: leaves[index] as Buffer, index, path, ...head(size) };
        const isSame = [path, prove(index)].every((one) => hex(one) === hex(naive.path(index, 0, size)));
        const isBitten = !verifyInclusion({ ...claim, leafHash: uniformLeaf }).ok;
        if (!isSame || !isBitten || !verifyInclusion(claim).ok) wrong.push(`${index} in ${size}`);
        proofs += 1;
      }
    }
    expect(wrong).toEqual([]);
    expect(proofs).toBeGreaterThan(4_000);
  });

  it('on consistency proofs to every size from 1 to 600', () => {
    const wrong: string[] = [];
    for (let size = 1; size <= sizeMax; size += 1) {
      for (const from of [...positions(size), size]) {
        const proof = consistencyProof(from, size, log.nodes);
        const isSame = hex(proof) === (from === 0 ? '' : hex(naive.consistency(from, 0, size)));
        const isBitten = !verifyConsistency({ size: from, root: uniformLeaf }, head(size), proof).ok;
        const isVerified = verifyConsistency(head(from), head(size), proof).ok;
        if (!isSame || !isBitten || !isVerified) wrong.push(`${from} to ${size}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('with @transmute/rfc9162 on proofs of every 41st size', async () => {
    for (let size = 2; size <= sizeMax; size += isLong ? 1 : 41) {
      const index = (size * size + 31) % (size - 1);
      const theirs = await RFC9162.PATH(index, entries.slice(0, size));
      expect(hex(theirs)).toBe(hex(inclusionProof(index, size, log.nodes)));
      const from = 1 + ((size * 17) % (size - 1));
      // Where the old tree is a complete subtree, that library names its root once more; RFC 6962 leaves it out.
      const known = Number.isInteger(Math.log2(from)) ? [roots[from] as Buffer] : [];
      const grown = await RFC9162.PROOF(from, entries.slice(0, size));
      expect(hex(grown)).toBe(hex([...known, ...consistencyProof(from, size, log.nodes)]));
    }
  });

  it('for any way of cutting the same entries into batches', () => {
    const cuts = fc.array(fc.integer({ min: 0, max: 90 }), { maxLength: 12 });
    fc.assert(
      fc.property(cuts, (batches) => {
        let frontier = emptyFrontier;
        const nodes: string[] = [];
        for (const count of batches) {
          const batch = leaves.slice(frontier.size, frontier.size + count);
          const appended = appendLeaves(frontier, batch);
          frontier = appended.frontier;
          nodes.push(
            ...appended.nodes.map(({ level, index, hash }) => `${level}/${index}=${hash.toString('hex')}`),
          );
          expect(hex([appended.root])).toBe(hex([roots[frontier.size] as Buffer]));
        }
        const once = appendLeaves(emptyFrontier, leaves.slice(0, frontier.size));
        expect(nodes).toEqual(
          once.nodes.map(({ level, index, hash }) => `${level}/${index}=${hash.toString('hex')}`),
        );
      }),
      propertyRuns(30),
    );
  });

  it('on trees of up to 2^53 - 1 leaves', () => {
    const size = fc.oneof(
      fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
      fc.integer({ min: 1, max: 53 }).map((bits) => 2 ** bits - 1),
      fc.integer({ min: 0, max: 52 }).map((bits) => 2 ** bits),
    );
    fc.assert(
      fc.property(size, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (leafCount, part) => {
        const root = uniformRoot(leafCount);
        const index = Math.min(leafCount - 1, Math.floor(leafCount * part));
        const path = inclusionProof(index, leafCount, uniformNode);
        const claim = { leafHash: uniformLeaf, index, size: leafCount, path, root };
        expect(verifyInclusion(claim)).toEqual({ ok: true });
        const from = { size: index + 1, root: uniformRoot(index + 1) };
        const proof = consistencyProof(from.size, leafCount, uniformNode);
        expect(verifyConsistency(from, { size: leafCount, root }, proof)).toEqual({ ok: true });
      }),
      propertyRuns(200),
    );
  });

  it('on grown entries, from the tiles that were written batch by batch', async () => {
    const batch = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 120 });
    await fc.assert(
      fc.asyncProperty(fc.array(batch, { maxLength: 8 }), async (batches) => {
        const grown = new TestLog();
        const earlier = batches.map((part) => {
          grown.append(part.map((bytes) => Buffer.from(bytes)));
          return { size: grown.size, root: grown.root };
        });
        const checkpoint = { size: grown.size, root: grown.root };
        expect(hex([grown.root])).toBe(hex([new NaiveTree(grown.entries).root(0, grown.size)]));
        const { readTile } = grown;
        expect(await verifyTiles({ readTile, checkpoint, earlier })).toEqual({ ok: true, size: grown.size });
        for (const kept of earlier)
          expect(await verifyGrowth(readTile, kept, checkpoint)).toEqual({ ok: true });
      }),
      propertyRuns(40),
    );
  });
});
