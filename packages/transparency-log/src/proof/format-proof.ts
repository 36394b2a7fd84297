import { splitNote } from '../checkpoint/note-lines.js';
import { isCount, must } from '../fault.js';
import { entryBytesMax, hashBytes } from '../tree/hash.js';

export interface ProofParts {
  /** The leaf's entry, so that the proof can be checked by itself; at most 65,535 bytes. */
  readonly extra?: Uint8Array;
  readonly index: number;
  /** From the leaf's sibling upward. */
  readonly path: readonly Uint8Array[];
  /** The signed note, verbatim. */
  readonly checkpoint: string;
}

const pathMax = 63;

/** The note that was looked at last: the proofs of a batch all lead to one. */
let lastNote = '';
const isNote = (text: string): boolean => {
  if (text === lastNote && text !== '') return true;
  if (splitNote(text) === undefined) return false;
  lastNote = text;
  return true;
};

/** Text of a `.tlog-proof` file (c2sp.org/tlog-proof@v1). Throws `proof_invalid`, `entry_too_long`, `note_invalid`. */
export const formatProof = ({ extra, index, path, checkpoint }: ProofParts): string => {
  must(extra === undefined || extra.length <= entryBytesMax, 'entry_too_long');
  must(isCount(index) && path.length <= pathMax && extra?.length !== 0, 'proof_invalid');
  must(
    path.every((hash) => hash.length === hashBytes),
    'proof_invalid',
  );
  must(isNote(checkpoint), 'note_invalid');
  const head = ['c2sp.org/tlog-proof@v1'];
  if (extra) head.push(`extra ${Buffer.from(extra).toString('base64')}`);
  head.push(`index ${index}`, ...path.map((hash) => Buffer.from(hash).toString('base64')));
  return `${head.join('\n')}\n\n${checkpoint}`;
};
