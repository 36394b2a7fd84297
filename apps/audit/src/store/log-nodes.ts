import { type NodeId, nodeKey } from '@lethe/transparency-log';
import { textArray } from './array-literals.js';
import type { ISql } from './database.js';
import { atStoreEdge } from './store-error.js';

interface HashRow {
  readonly level: number;
  readonly n: string;
  readonly hash: Buffer;
}

/** Hashes of complete subtrees by `nodeKey`, as far as they are there. Rejects with StoreError. */
export const readNodes = (sql: ISql, nodes: readonly NodeId[]): Promise<Map<string, Buffer>> =>
  atStoreEdge(async () => {
    if (nodes.length === 0) return new Map();
    const rows = await sql<HashRow[]>`
      select level, n::text as n, hash from audit.node_hashes(
        ${textArray(nodes.map(({ level }) => level))}::integer[],
        ${textArray(nodes.map(({ index }) => index))}::bigint[])`;
    return new Map(rows.map(({ level, n, hash }) => [nodeKey({ level, index: Number(n) }), hash]));
  });

/** The hashes of `count` neighbours end to end; fewer bytes when some are missing. Rejects with StoreError. */
export const readRunOfHashes = (
  sql: ISql,
  run: { readonly level: number; readonly firstIndex: number; readonly count: number },
): Promise<Buffer> =>
  atStoreEdge(async () => {
    const rows = await sql<{ hashes: Buffer | null }[]>`
      select audit.run_of_hashes(${run.level}::integer, ${String(run.firstIndex)}::bigint, ${run.count}::integer)
        as hashes`;
    return rows[0]?.hashes ?? Buffer.alloc(0);
  });

/** Bytes of one node in what `audit.proof_parts` answers: level, number, hash. */
const NODE_BYTES = 4 + 8 + 32;

export const unpackNodes = (packed: Buffer): Map<string, Buffer> => {
  const nodes = new Map<string, Buffer>();
  for (let at = 0; at < packed.length; at += NODE_BYTES) {
    const node = { level: packed.readInt32BE(at), index: Number(packed.readBigInt64BE(at + 4)) };
    nodes.set(nodeKey(node), packed.subarray(at + 12, at + NODE_BYTES));
  }
  return nodes;
};

/** An event with what the proof of it needs in a tree of some size; no nodes when that does not reach the event. */
export interface ProofParts {
  readonly index: number;
  readonly body: Buffer;
  readonly nodes: ReadonlyMap<string, Buffer>;
}

/** By index or event id, whoever's event it is, in one round trip. Rejects with StoreError. */
export const readProofParts = (
  sql: ISql,
  event: number | string,
  size: number,
): Promise<ProofParts | undefined> =>
  atStoreEdge(async () => {
    const [index, eventId] = typeof event === 'number' ? [String(event), null] : [null, event];
    const [row] = await sql<{ idx: string; body: Buffer; hashes: Buffer }[]>`
      select idx::text as idx, body, hashes
      from audit.proof_parts(${index}::bigint, ${eventId}::uuid, ${String(size)}::bigint)`;
    return row && { index: Number(row.idx), body: row.body, nodes: unpackNodes(row.hashes) };
  });
