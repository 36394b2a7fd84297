import { verify } from 'node:crypto';
import { must } from '../fault.js';
import { cosignedMessage } from './cosigned-message.js';
import { formatSignatureLine, parseSignatureLines, type SignatureLine, splitNote } from './note-lines.js';
import type { NoteSigner } from './signer.js';
import { parseVerifierKey, publicKeyObject, type VerifierKey } from './verifier-key.js';

/** A signature that was verified. */
export interface NoteSignature {
  readonly name: string;
  readonly keyId: string;
  /** The line as it stands in the note, with its newline. */
  readonly line: string;
  /** POSIX seconds, of a cosignature only. */
  readonly signedAtSeconds?: number;
}

export type OpenedNote =
  | { readonly ok: true; readonly body: string; readonly signatures: readonly NoteSignature[] }
  | { readonly ok: false; readonly code: 'note_malformed' | 'signature_unknown' | 'signature_wrong' };

/** A note: the body, an empty line, one signature line a signer. Throws `note_invalid`, also for two equal keys. */
export const signNote = (body: string, signers: readonly NoteSigner[]): string => {
  const lines = signers.map((signer) => formatSignatureLine(signer.name, signer.keyId, signer.sign(body)));
  const note = `${body}\n${lines.join('')}`;
  const keys = new Set(signers.map(({ name, keyId }) => `${name}+${keyId}`));
  must(keys.size === signers.length && splitNote(note)?.body === body, 'note_invalid');
  return note;
};

const cosignedAt = (signature: Buffer): number | undefined => {
  const seconds = signature.length === 72 ? signature.readBigUInt64BE(0) : undefined;
  return seconds !== undefined && seconds <= Number.MAX_SAFE_INTEGER ? Number(seconds) : undefined;
};

const verifyLine = (body: string, key: VerifierKey, found: SignatureLine): NoteSignature | undefined => {
  const { name, keyId, line, signature } = found;
  const publicKey = publicKeyObject(key.publicKey);
  if (key.type === 'note')
    return verify(null, Buffer.from(body), publicKey, signature) ? { name, keyId, line } : undefined;
  const seconds = cosignedAt(signature);
  if (seconds === undefined) return undefined;
  return verify(null, cosignedMessage(seconds, body), publicKey, signature.subarray(8))
    ? { name, keyId, line, signedAtSeconds: seconds }
    : undefined;
};

const knownKeys = (verifierKeys: readonly string[]): Map<string, VerifierKey> => {
  const keys = new Map<string, VerifierKey>();
  for (const text of verifierKeys) {
    const key = parseVerifierKey(text);
    must(key !== undefined, 'key_invalid');
    keys.set(`${key.name}+${key.keyId}`, key);
  }
  return keys;
};

/** Verifies what known keys signed and ignores the rest; a wrong signature of a known key refuses the whole. */
const verifySignatures = (
  body: string,
  signatures: readonly SignatureLine[],
  verifierKeys: readonly string[],
): OpenedNote => {
  const keys = knownKeys(verifierKeys);
  const verified = new Map<string, NoteSignature>();
  for (const found of signatures) {
    const id = `${found.name}+${found.keyId}`;
    const key = keys.get(id);
    if (!key || verified.has(id)) continue;
    const signature = verifyLine(body, key, found);
    if (!signature) return { ok: false, code: 'signature_wrong' };
    verified.set(id, signature);
  }
  if (verified.size === 0) return { ok: false, code: 'signature_unknown' };
  return { ok: true, body, signatures: [...verified.values()] };
};

/** Opens a note with verifier keys (`name+hex+base64`), at least one of which must have signed. Throws `key_invalid`. */
export const openNote = (text: string, verifierKeys: readonly string[]): OpenedNote => {
  const note = splitNote(text);
  if (!note) return { ok: false, code: 'note_malformed' };
  return verifySignatures(note.body, note.signatures, verifierKeys);
};

/** Verifies loose signature lines, as a witness answers them, against a note's body. Throws `key_invalid`. */
export const openSignatureLines = (
  lines: string,
  body: string,
  verifierKeys: readonly string[],
): OpenedNote => {
  const signatures = parseSignatureLines(lines);
  if (!signatures) return { ok: false, code: 'note_malformed' };
  return verifySignatures(body, signatures, verifierKeys);
};

/** The note with more signature lines; a line of a key that is there already takes its place. Throws `note_invalid`. */
export const addSignatures = (note: string, lines: readonly string[]): string => {
  const split = splitNote(note);
  const added = lines.length === 0 ? [] : parseSignatureLines(lines.join(''));
  must(split !== undefined && added !== undefined, 'note_invalid');
  const byKey = new Map<string, string>();
  for (const { name, keyId, line } of [...split.signatures, ...added]) byKey.set(`${name}+${keyId}`, line);
  const result = `${split.body}\n${[...byKey.values()].join('')}`;
  must(splitNote(result) !== undefined, 'note_invalid');
  return result;
};
