import { createPublicKey, hash, type KeyObject } from 'node:crypto';
import { must } from '../fault.js';
import { isKeyName, parseBase64 } from './text.js';

/** The byte that tells kinds of keys apart: a log's or other note signature, a witness's timestamped cosignature. */
export const keyTypes = { note: 0x01, cosignature: 0x04 } as const;
export type KeyType = keyof typeof keyTypes;

export interface VerifierKey {
  readonly name: string;
  readonly type: KeyType;
  /** 8 lower-case hex digits. */
  readonly keyId: string;
  readonly publicKey: Buffer;
}

const publicKeyBytes = 32;
const publicKeyPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** First 4 bytes of SHA-256(name ‖ newline ‖ type ‖ public key), as 8 hex digits. */
export const keyIdOf = (name: string, type: KeyType, publicKey: Uint8Array): string =>
  hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([keyTypes[type]]), publicKey])).slice(
    0,
    8,
  );

/** `name+hex key id+base64(type ‖ public key)` of a 32-byte Ed25519 key. Throws `name_invalid`, `key_invalid`. */
export const verifierKey = (name: string, publicKey: Uint8Array, type: KeyType = 'note'): string => {
  must(isKeyName(name), 'name_invalid');
  must(publicKey.length === publicKeyBytes, 'key_invalid');
  const material = Buffer.concat([Buffer.from([keyTypes[type]]), publicKey]).toString('base64');
  return `${name}+${keyIdOf(name, type, publicKey)}+${material}`;
};

/** The parts of a verifier key; undefined unless it is written as `verifierKey` would, its id included. */
export const parseVerifierKey = (text: string): VerifierKey | undefined => {
  const [name = '', keyId = '', ...rest] = text.length <= 400 ? text.split('+') : [];
  const material = parseBase64(rest.join('+'));
  if (!isKeyName(name) || material?.length !== 1 + publicKeyBytes) return undefined;
  const type = (Object.keys(keyTypes) as KeyType[]).find((candidate) => keyTypes[candidate] === material[0]);
  const publicKey = material.subarray(1);
  if (type === undefined || keyId !== keyIdOf(name, type, publicKey)) return undefined;
  return { name, type, keyId, publicKey };
};

/** Node's form of a raw Ed25519 public key. */
export const publicKeyObject = (publicKey: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.concat([publicKeyPrefix, publicKey]), format: 'der', type: 'spki' });
