import { checkSignature, type PinnedKey, readPinnedKey } from './pinned-key.js';
import { type ReadNote, readNote } from './read-note.js';
import { isName, readCount, readHash, type Text } from './text.js';
import { fail, type Verdict } from './verdict.js';

/** What a verifier decided to trust beforehand. */
export interface VerifyPolicy {
  /** `name+hex+base64`, type 0x01; its name is the log's origin. */
  readonly logVerifierKey: string;
  /** Verifier keys of witnesses, type 0x04, each of another key pair. */
  readonly witnesses?: readonly string[];
  /** How many of them must have cosigned; without it, all. */
  readonly quorum?: number;
}

export interface Cosignature {
  readonly witness: string;
  /** POSIX seconds, by the witness's clock. */
  readonly signedAtSeconds: number;
}

export interface VerifiedCheckpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  readonly cosignedBy: readonly Cosignature[];
}

const witnessesMax = 64;

interface PinnedKeys {
  readonly log: PinnedKey;
  readonly witnesses: readonly PinnedKey[];
  readonly quorum: number;
}

const readPolicy = (policy: VerifyPolicy): PinnedKeys | undefined => {
  const log = readPinnedKey(policy.logVerifierKey);
  const texts = policy.witnesses ?? [];
  const quorum = policy.quorum ?? texts.length;
  if (!log || log.isWitness || texts.length > witnessesMax) return undefined;
  const witnesses = texts.map(readPinnedKey).filter((key) => key?.isWitness === true) as PinnedKey[];
  // One key pair under two names, or the log's own, would be counted as independent witnesses.
  const distinct = new Set([log.identity, ...witnesses.map(({ identity }) => identity)]);
  if (witnesses.length !== texts.length || distinct.size !== texts.length + 1) return undefined;
  if (!Number.isInteger(quorum) || quorum < 0 || quorum > witnesses.length) return undefined;
  return { log, witnesses, quorum };
};

const readBody = (body: string): { origin: string; size: number; root: Buffer } | undefined => {
  const lines = body.split('\n');
  const [origin = '', size = '', root = '', end] = lines;
  const count = readCount(size);
  const hash = readHash(root);
  if (lines.length !== 4 || end !== '' || !isName(origin) || count === undefined || !hash) return undefined;
  return { origin, size: count, root: hash };
};

/** The time of the key's signature; 'absent' without one, 'wrong' when its first one does not verify. */
const signedBy = (key: PinnedKey, { body, signatures }: ReadNote): number | 'absent' | 'wrong' => {
  const found = signatures.find(({ name, keyId }) => name === key.name && keyId === key.keyId);
  return found === undefined ? 'absent' : (checkSignature(key, body, found.signature) ?? 'wrong');
};

/**
 * Checks the log's signature with the pinned key and counts the cosignatures of the pinned witnesses. Signatures of
 * other keys are ignored; a wrong one of a pinned key refuses the whole.
 */
export const verifyCheckpoint = (note: Text, policy: VerifyPolicy): Verdict<VerifiedCheckpoint> => {
  const keys = readPolicy(policy);
  if (!keys) return fail('policy_invalid');
  const read = readNote(note);
  if (!read.ok) return read;
  const logSignature = signedBy(keys.log, read.note);
  if (logSignature === 'absent') return fail('signature_unknown');
  if (logSignature === 'wrong') return fail('signature_wrong');
  const body = readBody(read.note.body);
  if (!body) return fail('checkpoint_malformed');
  if (body.origin !== keys.log.name) return fail('origin_differs');
  const cosignedBy: Cosignature[] = [];
  for (const witness of keys.witnesses) {
    const seconds = signedBy(witness, read.note);
    if (seconds === 'wrong') return fail('signature_wrong');
    if (seconds !== 'absent') cosignedBy.push({ witness: witness.name, signedAtSeconds: seconds });
  }
  if (cosignedBy.length < keys.quorum) return fail('quorum_missed');
  return { ok: true, ...body, cosignedBy };
};
