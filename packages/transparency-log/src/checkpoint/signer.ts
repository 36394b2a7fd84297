import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { isCount, must } from '../fault.js';
import { cosignedMessage } from './cosigned-message.js';
import { isKeyName } from './text.js';
import { type KeyType, keyIdOf, verifierKey } from './verifier-key.js';

/** Signs note bodies with one key. */
export interface NoteSigner {
  readonly name: string;
  readonly keyId: string;
  /** What a verifier pins: `name+hex+base64`. */
  readonly verifierKey: string;
  /** The signature without its key id: 64 bytes; a cosignature has 8 bytes of time before them. */
  sign(body: string): Buffer;
}

const seedBytes = 32;
const privateKeyPrefix = Buffer.from('302e020100300506032b657004220420', 'hex');

const openSeed = (name: string, seed: Uint8Array): { privateKey: KeyObject; publicKey: Buffer } => {
  must(isKeyName(name), 'name_invalid');
  must(seed.length === seedBytes, 'seed_invalid');
  const der = Buffer.concat([privateKeyPrefix, seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return { privateKey, publicKey: spki.subarray(-32) };
};

const identity = (name: string, type: KeyType, publicKey: Buffer) => ({
  name,
  keyId: keyIdOf(name, type, publicKey),
  verifierKey: verifierKey(name, publicKey, type),
});

/** A log's signer from a 32-byte Ed25519 seed; the name is the log's origin. Throws `name_invalid`, `seed_invalid`. */
export const makeSigner = (name: string, seed: Uint8Array): NoteSigner => {
  const { privateKey, publicKey } = openSeed(name, seed);
  return {
    ...identity(name, 'note', publicKey),
    sign: (body) => sign(null, Buffer.from(body), privateKey),
  };
};

/** A witness's signer (cosignature/v1); the clock gives whole POSIX seconds. Throws `name_invalid`, `seed_invalid`. */
export const makeCosigner = (name: string, seed: Uint8Array, nowSeconds: () => number): NoteSigner => {
  const { privateKey, publicKey } = openSeed(name, seed);
  return {
    ...identity(name, 'cosignature', publicKey),
    sign: (body) => {
      const seconds = nowSeconds();
      must(isCount(seconds), 'note_invalid');
      const time = Buffer.alloc(8);
      time.writeBigUInt64BE(BigInt(seconds));
      return Buffer.concat([time, sign(null, cosignedMessage(seconds, body), privateKey)]);
    },
  };
};
