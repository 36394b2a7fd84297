// How long the tree takes: 70,000 leaves from scratch, a batch on a large tree, proofs. Prints one line of JSON.
import {
  appendLeaves,
  emptyFrontier,
  hashLeaf,
  inclusionProof,
  nodeKey,
  verifyInclusion,
} from '@lethe/transparency-log';

const leaves = 70_000;
const entries = Array.from({ length: leaves }, (_, index) => Buffer.from(String(index).padEnd(800, '.')));
const timed = (work) => {
  const start = performance.now();
  const result = work();
  return [result, Math.round((performance.now() - start) * 100) / 100];
};
const [hashes, hashLeavesMs] = timed(() => entries.map(hashLeaf));
const [tree, appendMs] = timed(() => appendLeaves(emptyFrontier, hashes));
const [, batchMs] = timed(() => appendLeaves(tree.frontier, hashes.slice(0, 256)));
const nodes = new Map(tree.nodes.map((node) => [nodeKey(node), node.hash]));
const [path, proofMs] = timed(() => inclusionProof(4_711, leaves, nodes));
const claim = { leafHash: hashes[4_711], index: 4_711, size: leaves, path, root: tree.root };
const [verdict, verifyMs] = timed(() => verifyInclusion(claim));
const figures = { leaves, hashLeavesMs, appendMs, batchOf256Ms: batchMs, proofMs, verifyMs, ok: verdict.ok };
process.stdout.write(`${JSON.stringify(figures)}\n`);
