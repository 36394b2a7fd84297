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

/** Notes whose signatures are remembered: the newest, which each look at the log comes across again. */
const NOTES_REMEMBERED = 16;

/** The keys are named for the origin. Throws TransparencyLogFault for keys that cannot sign one note together. */
export const createLogSigner = (origin: string, signers: readonly NoteSigner[]): LogSigner => {
  const keys = signers.map(({ verifierKey }) => verifierKey);
  const known = new Map<string, LogState>();
  const remember = (note: string, { size, root }: LogState): void => {
    known.set(note, { size, root: Buffer.from(root) });
    const [oldest] = known.keys();
    if (known.size > NOTES_REMEMBERED && oldest !== undefined) known.delete(oldest);
  };
  /** What the note says, when a key of this log signed it. */
  const open = (note: string): LogState | undefined => {
    const opened = openNote(note, keys);
    const checkpoint = opened.ok ? parseCheckpoint(opened.body) : undefined;
    if (checkpoint?.origin !== origin) return undefined;
    return { size: checkpoint.size, root: Buffer.from(checkpoint.root) };
  };
  return {
    origin,
    sign: (state) => {
      const note = signNote(formatCheckpointBody({ origin, size: state.size, root: state.root }), signers);
      remember(note, state);
      return note;
    },
    isOwn: (note, { size, root }) => {
      const said = known.get(note) ?? open(note);
      if (said === undefined || said.size !== size || !said.root.equals(root)) return false;
      remember(note, said);
      return true;
    },
  };
};
