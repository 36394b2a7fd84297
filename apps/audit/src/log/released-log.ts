import {
  encodeEntryBundle,
  inclusionNodes,
  inclusionProof,
  nodeKey,
  sizeHasTile,
  type TileId,
  tileNodes,
} from '@lethe/transparency-log';
import type { AuditDatabase } from '../store/database.js';
import { type ProofParts, readNodes, readProofParts, readRunOfHashes } from '../store/log-nodes.js';
import { readBodies, readEventParts } from '../store/read-events.js';
import { StoreError } from '../store/store-error.js';
import type { LogKeeper } from './log-keeper.js';
import type { LogReader, PlacedProof, ReleasedCheckpoint } from './log-reader.js';
import { makeProof, readProofs } from './proof-of.js';

const hashBytes = 32;

/** Reads the log as far as it is released. */
export const createLogReader = (database: AuditDatabase, keeper: LogKeeper): LogReader => {
  const { sql } = database;

  const tile = async (wanted: TileId & { readonly level: number }): Promise<Buffer | undefined> => {
    if (!sizeHasTile(wanted, keeper.released.size)) return undefined;
    const hashes = await readRunOfHashes(sql, tileNodes(wanted));
    // A hole in what was released is no tile that is missing: the tables were changed.
    if (hashes.length !== wanted.width * hashBytes) throw new StoreError('log_forked', '');
    return hashes;
  };

  const entries = async ({ index, width }: { index: number; width: number }): Promise<Buffer | undefined> => {
    const bundle: TileId = { level: 'entries', index, width };
    if (!sizeHasTile(bundle, keeper.released.size)) return undefined;
    const { firstIndex, count } = tileNodes(bundle);
    const bodies = await readBodies(database, firstIndex, count);
    if (bodies.length !== count) throw new StoreError('log_forked', '');
    return encodeEntryBundle(bodies);
  };

  const prove = async (parts: ProofParts, released: ReleasedCheckpoint): Promise<PlacedProof | undefined> => {
    if (parts.index < released.size) return makeProof({ ...parts, checkpoint: released }, parts.nodes);
    // It may have come through another replica a moment ago.
    await keeper.refresh();
    const checkpoint = keeper.released;
    if (parts.index >= checkpoint.size) return undefined;
    const [proof] = await readProofs(sql, [{ ...parts, checkpoint }]);
    return proof;
  };

  return {
    newestCheckpoint: async () => keeper.released,
    proofOf: async (event) => {
      const { released } = keeper;
      const parts = await readProofParts(sql, event, released.size);
      return parts && (await prove(parts, released));
    },
    eventOf: async (reader, eventId) => {
      const { released } = keeper;
      const parts = await readEventParts(database, reader, { eventId, size: released.size });
      const proof = parts && (await prove(parts, released));
      return proof && { ...proof, body: parts.body };
    },
    tile,
    entries,
    inclusionPaths: async (indexes, size) => {
      const wanted = new Map(
        indexes.flatMap((index) => inclusionNodes(index, size)).map((node) => [nodeKey(node), node]),
      );
      const hashes = await readNodes(sql, [...wanted.values()]);
      return indexes.map((index) => inclusionProof(index, size, hashes));
    },
  };
};
