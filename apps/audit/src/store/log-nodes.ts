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
