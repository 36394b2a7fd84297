import type { TileId } from '@lethe/transparency-log';
import type { Reader } from '../store/database.js';

/** A checkpoint that may be shown: the anchors hold it, and as many witnesses as the quorum asks have cosigned it. */
export interface ReleasedCheckpoint {
  readonly size: number;
  /** 32 bytes. */
  readonly root: Buffer;
  /** The signed note with the cosignatures it has by now. */
  readonly note: string;
}

/** Where an event stands in the log, and the proof of it. */
export interface PlacedProof {
  readonly index: number;
  /** c2sp.org/tlog-proof@v1 with the event in its extra line. */
  readonly proof: string;
  /** The note that the proof leads to. */
  readonly checkpoint: string;
}

/** An event with its proof. */
export interface ProvenEvent extends PlacedProof {
  /** Canonical JSON, as it was appended. */
  readonly body: Buffer;
}

/**
 * What may be shown of the log. Everything stays below the newest released checkpoint. Every method rejects with
 * StoreError: `unavailable`, or what keeps the log from answering (`log_behind`, `log_forked`, `anchor_unavailable`).
 */
export interface LogReader {
  newestCheckpoint(): Promise<ReleasedCheckpoint>;
  /** By index or event id; undefined when the released log holds no such event. */
  proofOf(event: number | string): Promise<PlacedProof | undefined>;
  /** One event that the reader may see, and the proof of it; undefined when the released log holds none. */
  eventOf(reader: Reader, eventId: string): Promise<ProvenEvent | undefined>;
  /** Bytes of a hash tile; undefined unless the released log has it at this width (or wider). */
  tile(tile: TileId & { readonly level: number }): Promise<Buffer | undefined>;
  /** Bytes of an entry bundle, likewise. It holds events of all organizations. */
  entries(bundle: { readonly index: number; readonly width: number }): Promise<Buffer | undefined>;
  /** Inclusion paths of some leaves in the tree of a released size, from the leaf's sibling upward, in one read. */
  inclusionPaths(indexes: readonly number[], size: number): Promise<Buffer[][]>;
}
