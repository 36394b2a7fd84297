import {
  formatProof,
  inclusionNodes,
  inclusionProof,
  type NodeLookup,
  nodeKey,
} from '@lethe/transparency-log';
import type { ISql } from '../store/database.js';
import { readNodes } from '../store/log-nodes.js';
import type { PlacedProof } from './log-reader.js';

/** An event at its place, and the checkpoint that the proof shall lead to. */
export interface ProofRequest {
  readonly index: number;
  readonly body: Buffer;
  readonly checkpoint: { readonly size: number; readonly note: string };
}

/** The proof with a path that was computed already. */
export const proofOf = ({ index, body, checkpoint }: ProofRequest, path: readonly Buffer[]): PlacedProof => ({
  index,
  proof: formatProof({ extra: body, index, path, checkpoint: checkpoint.note }),
  checkpoint: checkpoint.note,
});

/** The proof from hashes that were fetched already. */
export const makeProof = (request: ProofRequest, lookup: NodeLookup): PlacedProof =>
  proofOf(request, inclusionProof(request.index, request.checkpoint.size, lookup));

/** The proofs, in the order of the requests, with one read of hashes. Rejects with StoreError. */
export const readProofs = async (sql: ISql, requests: readonly ProofRequest[]): Promise<PlacedProof[]> => {
  const wanted = new Map(
    requests
      .flatMap(({ index, checkpoint }) => inclusionNodes(index, checkpoint.size))
      .map((node) => [nodeKey(node), node]),
  );
  const hashes = await readNodes(sql, [...wanted.values()]);
  return requests.map((request) => makeProof(request, hashes));
};
