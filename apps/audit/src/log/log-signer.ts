import {
  formatCheckpointBody,
  type NoteSigner,
  openNote,
  parseCheckpoint,
  signNote,
} from '@lethe/transparency-log';
import type { LogState } from '../store/log-head.js';

/** Signs checkpoints of this log, and knows its own again. */
export interface LogSigner {
  readonly origin: string;
  /** A signed note; the first key's line stands first. */
  sign(state: LogState): string;
  /** Whether the note is a checkpoint of this log at that state, signed with a key it has. */
  isOwn(note: string, state: LogState): boolean;
}

/** The keys are named for the origin. Throws TransparencyLogFault for keys that cannot sign one note together. */
export const createLogSigner = (origin: string, signers: readonly NoteSigner[]): LogSigner => {
  const keys = signers.map(({ verifierKey }) => verifierKey);
  return {
    origin,
    sign: ({ size, root }) => signNote(formatCheckpointBody({ origin, size, root }), signers),
    isOwn: (note, { size, root }) => {
      const opened = openNote(note, keys);
      const checkpoint = opened.ok ? parseCheckpoint(opened.body) : undefined;
      return checkpoint?.origin === origin && checkpoint.size === size && root.equals(checkpoint.root);
    },
  };
};
