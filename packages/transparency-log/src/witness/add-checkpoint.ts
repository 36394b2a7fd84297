import { openSignatureLines } from '../checkpoint/note.js';
import { noteCharsMax, splitNote } from '../checkpoint/note-lines.js';
import { parseCount } from '../checkpoint/text.js';
import { isCount, must } from '../fault.js';
import { hashBytes } from '../tree/hash.js';

export interface AddCheckpoint {
  /** The size the witness cosigned last, 0 if never. */
  readonly oldSize: number;
  /** Consistency proof from `oldSize` to the checkpoint's size. */
  readonly proof: readonly Uint8Array[];
  /** The signed note. */
  readonly checkpoint: string;
}

export interface WitnessAnswer {
  readonly status: number;
  /** The header's value, if any. */
  readonly contentType: string | undefined;
  readonly body: string;
  /** The note that was sent, and the size it was sent with. */
  readonly checkpoint: string;
  readonly oldSize: number;
  /** Verifier keys of this witness, of type cosignature. */
  readonly witnessKeys: readonly string[];
}

export type WitnessVerdict =
  /** Verified cosignature lines, for `addSignatures`. */
  | { readonly kind: 'cosigned'; readonly lines: readonly string[] }
  /** The witness knows another size: ask again with a proof from there. */
  | { readonly kind: 'conflict'; readonly size: number }
  | {
      readonly kind: 'refused';
      readonly code:
        | 'request_refused'
        | 'signature_refused'
        | 'origin_unknown'
        | 'proof_refused'
        | 'fork'
        | 'cosignature_wrong'
        | 'answer_malformed'
        | 'unavailable';
    };

const proofMax = 63;
const refusals = new Map([
  [400, 'request_refused'],
  [403, 'signature_refused'],
  [404, 'origin_unknown'],
  [422, 'proof_refused'],
] as const);

/** Body of `POST <witness>/add-checkpoint` (c2sp.org/tlog-witness). Throws `proof_invalid`, `note_invalid`. */
export const formatAddCheckpoint = ({ oldSize, proof, checkpoint }: AddCheckpoint): string => {
  must(isCount(oldSize) && proof.length <= proofMax, 'proof_invalid');
  must(
    proof.every((hash) => hash.length === hashBytes),
    'proof_invalid',
  );
  must(splitNote(checkpoint) !== undefined, 'note_invalid');
  const lines = [`old ${oldSize}`, ...proof.map((hash) => Buffer.from(hash).toString('base64'))];
  return `${lines.join('\n')}\n\n${checkpoint}`;
};

const readCosignatures = ({ body, checkpoint, witnessKeys }: WitnessAnswer): WitnessVerdict => {
  const note = splitNote(checkpoint);
  must(note !== undefined, 'note_invalid');
  const opened = openSignatureLines(body, note.body, witnessKeys);
  if (opened.ok) return { kind: 'cosigned', lines: opened.signatures.map(({ line }) => line) };
  return {
    kind: 'refused',
    code: opened.code === 'note_malformed' ? 'answer_malformed' : 'cosignature_wrong',
  };
};

const readConflict = ({ body, contentType, oldSize }: WitnessAnswer): WitnessVerdict => {
  const isSize = contentType?.split(';', 1)[0]?.trim().toLowerCase() === 'text/x.tlog.size';
  const size = isSize && body.endsWith('\n') ? parseCount(body.slice(0, -1)) : undefined;
  // Without a size, or with the one just sent, the sizes agree and the roots do not: the witness saw another tree.
  if (!isSize || size === oldSize) return { kind: 'refused', code: 'fork' };
  return size === undefined ? { kind: 'refused', code: 'answer_malformed' } : { kind: 'conflict', size };
};

/** What a witness's answer means; cosignatures are verified before they are given on. Throws `note_invalid`, `key_invalid`. */
export const readWitnessAnswer = (answer: WitnessAnswer): WitnessVerdict => {
  if (answer.body.length > noteCharsMax) return { kind: 'refused', code: 'answer_malformed' };
  if (answer.status === 200) return readCosignatures(answer);
  if (answer.status === 409) return readConflict(answer);
  const code = (refusals as ReadonlyMap<number, 'request_refused'>).get(answer.status);
  return { kind: 'refused', code: code ?? 'unavailable' };
};
