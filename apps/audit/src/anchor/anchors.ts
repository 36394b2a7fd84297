import type { Uuid } from '@lethe/contracts';

/** A signed checkpoint as it is kept outside the database. */
export interface AnchoredCheckpoint {
  readonly size: number;
  /** 32 bytes. */
  readonly root: Buffer;
  /** The signed note. */
  readonly note: string;
}

/** That an organization gave payload up for ever. */
export interface Tombstone {
  readonly orgId: Uuid;
  /** Unix time of the event. */
  readonly enabledAtMs: number;
  readonly eventId: Uuid;
  /** Whether the history was given up with it: a restored database must destroy its keys again. */
  readonly shredHistory: boolean;
}

const messages = {
  unavailable: 'the anchors cannot be reached',
  full: 'the anchors take no more',
  conflict: 'the anchors hold another checkpoint of this size',
  damaged: 'the anchors hold something that is not theirs',
  unlocked: 'the anchors can be changed',
} as const;

export type AnchorErrorCode = keyof typeof messages;

/** Every error of the anchors: a closed code and a constant message. */
export class AnchorError extends Error {
  constructor(readonly code: AnchorErrorCode) {
    super(messages[code]);
    this.name = 'AnchorError';
  }
}

/**
 * Where the log is remembered outside its database, so that a database that was set back or rewritten is noticed.
 * Nothing kept is ever changed. Several services may share the anchors. Every method rejects with AnchorError.
 */
export interface Anchors {
  /** The largest checkpoint kept; undefined before the first. */
  newest(): Promise<AnchoredCheckpoint | undefined>;
  /** Resolves once the checkpoint is kept durably. `conflict` when another root is kept at its size. */
  keep(checkpoint: AnchoredCheckpoint): Promise<void>;
  /** Resolves once the tombstone is kept durably; the first of an organization stays. */
  bury(tombstone: Tombstone): Promise<void>;
  tombstones(): AsyncIterable<Tombstone>;
}
