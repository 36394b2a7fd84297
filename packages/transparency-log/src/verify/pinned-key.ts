import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { isName, readBase64 } from './text.js';

/** A public key that the verifier was given beforehand, as `name+hex key id+base64(type ‖ key)`. */
export interface PinnedKey {
  readonly name: string;
  readonly keyId: string;
  readonly isWitness: boolean;
  /** The 32 raw bytes, in hex: two names for one key are one witness. */
  readonly identity: string;
  readonly publicKey: KeyObject;
}

const logKeyType = 0x01;
const witnessKeyType = 0x04;
const signatureBytes = 64;
const timeBytes = 8;

/** undefined unless the text is a log's or a witness's Ed25519 key whose id fits. */
export const readPinnedKey = (text: string): PinnedKey | undefined => {
  if (typeof text !== 'string' || text.length > 400) return undefined;
  const nameEnd = text.indexOf('+');
  const idEnd = nameEnd + 9;
  const name = text.slice(0, Math.max(nameEnd, 0));
  const material = text[idEnd] === '+' ? readBase64(text.slice(idEnd + 1)) : undefined;
  if (!isName(name) || material?.length !== 33) return undefined;
  const type = material[0];
  if (type !== logKeyType && type !== witnessKeyType) return undefined;
  const keyId = createHash('sha256').update(`${name}\n`).update(material).digest('hex').slice(0, 8);
  if (text.slice(nameEnd + 1, idEnd) !== keyId) return undefined;
  const raw = material.subarray(1);
  const publicKey = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') },
    format: 'jwk',
  });
  return { name, keyId, isWitness: type === witnessKeyType, identity: raw.toString('hex'), publicKey };
};

/** Checks one signature over a note's body; a witness's gives its time in POSIX seconds, a log's gives 0. */
export const checkSignature = (key: PinnedKey, body: string, signature: Buffer): number | undefined => {
  const timeLength = key.isWitness ? timeBytes : 0;
  if (signature.length !== timeLength + signatureBytes) return undefined;
  const seconds = key.isWitness ? signature.readUInt32BE(0) * 2 ** 32 + signature.readUInt32BE(4) : 0;
  if (!Number.isSafeInteger(seconds)) return undefined;
  const signed = key.isWitness ? `cosignature/v1\ntime ${seconds}\n${body}` : body;
  const matches = verify(null, Buffer.from(signed, 'utf8'), key.publicKey, signature.subarray(timeLength));
  return matches ? seconds : undefined;
};
