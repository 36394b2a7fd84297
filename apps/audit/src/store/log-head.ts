import {
  type Frontier,
  frontierNodes,
  frontierRoot,
  restoreFrontier,
  TransparencyLogFault,
} from '@lethe/transparency-log';
import type { ISql } from './database.js';
import { readNodes } from './log-nodes.js';
import { atStoreEdge, StoreError } from './store-error.js';

/** How long the log is in the database, and its root. */
export interface LogState {
  readonly size: number;
  readonly root: Buffer;
}

/** The log as the database holds it: all that a writer needs to go on. */
export interface LogHead extends LogState {
  readonly frontier: Frontier;
  /** The note signed at this size; undefined for a log that was never signed at it. */
  readonly note: string | undefined;
  readonly signedAtMs: number;
}

interface StateRow {
  readonly size: string;
  readonly root: Buffer;
  readonly note: string | null;
  readonly signed_ms: number | null;
}

/** Size and root alone. Rejects with StoreError. */
export const readState = (sql: ISql): Promise<LogState> =>
  atStoreEdge(async () => {
    const [row] = await sql<{ size: string; root: Buffer }[]>`
      select size::text as size, root from audit.state`;
    if (row === undefined) throw new StoreError('unavailable', '');
    return { size: Number(row.size), root: row.root };
  });

/** The root of a size the log had or has, from its nodes. Rejects with StoreError, `log_forked` when nodes are gone. */
export const readRootOf = async (sql: ISql, size: number): Promise<Buffer> =>
  frontierRoot(await readFrontier(sql, size));

const readFrontier = async (sql: ISql, size: number): Promise<Frontier> => {
  const hashes = await readNodes(sql, frontierNodes(size));
  try {
    return restoreFrontier(size, hashes);
  } catch (error) {
    if (error instanceof TransparencyLogFault) throw new StoreError('log_forked', '');
    throw error;
  }
};

/**
 * The newest state with its frontier and note. Rejects with StoreError, `log_forked` when the nodes, the state and the
 * checkpoint contradict one another.
 */
export const readHead = async (sql: ISql): Promise<LogHead> => {
  const row = await atStoreEdge(async () => {
    const rows = await sql<StateRow[]>`
      select s.size::text as size, s.root, c.note, (extract(epoch from c.signed_at) * 1000)::float8 as signed_ms
      from audit.state s left join audit.checkpoint c on c.size = s.size and c.root = s.root`;
    return rows[0];
  });
  if (row === undefined) throw new StoreError('unavailable', '');
  const size = Number(row.size);
  const frontier = await readFrontier(sql, size);
  if (!frontierRoot(frontier).equals(row.root)) throw new StoreError('log_forked', '');
  return { size, root: row.root, frontier, note: row.note ?? undefined, signedAtMs: row.signed_ms ?? 0 };
};
