import { leafHashOf, sameHash, verifyInclusion } from './merkle.js';
import { readBase64, readCount, readHash, readText, type Text } from './text.js';
import { fail, type Verdict } from './verdict.js';
import { type VerifiedCheckpoint, type VerifyPolicy, verifyCheckpoint } from './verify-checkpoint.js';

export interface VerifiedProof {
  /** The entry's bytes, authenticated by the proof. */
  readonly entry: Uint8Array;
  readonly index: number;
  readonly checkpoint: VerifiedCheckpoint;
}

interface ReadProof {
  readonly extra: Buffer | undefined;
  readonly index: number;
  readonly path: readonly Buffer[];
  readonly checkpoint: string;
}

const proofLengthMax = 262_144;
const entryBytesMax = 65_535;
const pathMax = 63;

const readProof = (text: string): ReadProof | undefined => {
  const blank = text.indexOf('\n\n');
  const lines = blank < 0 ? [] : text.slice(0, blank).split('\n', pathMax + 4);
  if (lines.shift() !== 'c2sp.org/tlog-proof@v1') return undefined;
  const hasExtra = lines[0]?.startsWith('extra ') === true;
  const extra = hasExtra ? readBase64(lines.shift()?.slice('extra '.length) ?? '') : undefined;
  const indexLine = lines.shift() ?? '';
  const index = indexLine.startsWith('index ') ? readCount(indexLine.slice('index '.length)) : undefined;
  const path = lines.map(readHash).filter((hash) => hash !== undefined);
  if (hasExtra && (!extra || extra.length > entryBytesMax)) return undefined;
  if (index === undefined || path.length !== lines.length || path.length > pathMax) return undefined;
  return { extra, index, path, checkpoint: text.slice(blank + 2) };
};

/**
 * Checks a `.tlog-proof` file offline: the entry (its `extra` line, or the bytes given) hashes to a leaf, the leaf's path
 * leads to the root, and the root is signed as the policy wants it.
 */
export const verifyProof = (
  input: Text,
  policy: VerifyPolicy,
  entry?: Uint8Array,
): Verdict<VerifiedProof> => {
  if (input.length > proofLengthMax) return fail('too_large');
  const text = readText(input);
  if (text === undefined) return fail('text_malformed');
  const proof = readProof(text);
  if (!proof) return fail('proof_malformed');
  const bytes = proof.extra ?? entry;
  if (bytes === undefined) return fail('entry_missing');
  if (entry !== undefined && !sameHash(bytes, entry)) return fail('entry_differs');
  const checkpoint = verifyCheckpoint(proof.checkpoint, policy);
  if (!checkpoint.ok) return checkpoint;
  const { ok: _, ...head } = checkpoint;
  const { index, path } = proof;
  const included = verifyInclusion({ ...head, leafHash: leafHashOf(bytes), index, path });
  return included.ok ? { ok: true, entry: bytes, index, checkpoint: head } : included;
};
