import {
  appendLeaves,
  frontierNodes,
  hashLeaf,
  type NodeLookup,
  nodeKey,
  type TreeNode,
} from '@lethe/transparency-log';
import type { AppendableEvent } from '../append/read-event.js';
import type { SignedHead } from '../log/log-keeper.js';
import type { LogSigner } from '../log/log-signer.js';
import type { Batch } from '../store/append-batch.js';

export interface BuiltBatch {
  readonly batch: Batch;
  /** The log once the batch is in it. */
  readonly head: SignedHead;
  /** Every hash that a proof of one of the events needs. */
  readonly hashes: NodeLookup;
}

/** Computes and signs what a batch makes of the log. */
export const buildBatch = (
  base: SignedHead,
  events: readonly AppendableEvent[],
  signer: LogSigner,
): BuiltBatch => {
  const { frontier, root, nodes } = appendLeaves(
    base.frontier,
    events.map(({ body }) => hashLeaf(body)),
  );
  const { size } = frontier;
  const note = signer.sign({ size, root });
  // To the left of a new leaf stand subtrees that the old frontier ended with, to the right only new ones.
  const hashes = new Map<string, Buffer>();
  const oldNodes: TreeNode[] = frontierNodes(base.size).map((node, at) => ({
    ...node,
    hash: base.frontier.hashes[at] as Buffer,
  }));
  for (const node of [...oldNodes, ...nodes]) hashes.set(nodeKey(node), node.hash);
  return {
    batch: { base, events, root, note },
    head: { size, root, frontier, note, signedAtMs: Date.now() },
    hashes,
  };
};
