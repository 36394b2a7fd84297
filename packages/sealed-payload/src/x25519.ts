import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { requireBytes } from './bytes.js';
import { SealedPayloadError } from './error.js';

export const X25519_BYTES = 32;

/** An X25519 pair as raw keys of 32 bytes each. */
export interface KeyPair {
  readonly publicKey: Buffer;
  readonly privateKey: Buffer;
}

// The DER headers that turn a raw X25519 key into what node:crypto imports (RFC 8410).
const PKCS8_HEADER = Buffer.from('302e020100300506032b656e04220420', 'hex');
const SPKI_HEADER = Buffer.from('302a300506032b656e032100', 'hex');

/** Makes a fresh pair. The caller wipes the private half when done with it. */
export function generateKeyPair(): KeyPair {
  const pair = generateKeyPairSync('x25519', {
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  });
  const privateKey = Buffer.alloc(X25519_BYTES);
  pair.privateKey.copy(privateKey, 0, PKCS8_HEADER.length);
  pair.privateKey.fill(0);
  return { publicKey: Buffer.from(pair.publicKey.subarray(SPKI_HEADER.length)), privateKey };
}

/** The public half of a raw private key. Throws bad_key. */
export function publicKeyOf(privateKey: Uint8Array): Buffer {
  const spki = createPublicKey(importPrivate(privateKey)).export({ type: 'spki', format: 'der' });
  return Buffer.from(spki.subarray(SPKI_HEADER.length));
}

/** The raw shared secret of two raw keys. Throws bad_key, also for a low-order public key. */
export function sharedPoint(privateKey: Uint8Array, publicKey: Uint8Array): Buffer {
  requireBytes(publicKey, X25519_BYTES, 'bad_key');
  const own = importPrivate(privateKey);
  try {
    const key = Buffer.concat([SPKI_HEADER, publicKey]);
    // OpenSSL refuses to derive the all-zero secret that a low-order point leads to (RFC 9180 section 7.1.4).
    return diffieHellman({
      privateKey: own,
      publicKey: createPublicKey({ key, format: 'der', type: 'spki' }),
    });
  } catch {
    throw new SealedPayloadError('bad_key');
  }
}

function importPrivate(privateKey: Uint8Array): KeyObject {
  requireBytes(privateKey, X25519_BYTES, 'bad_key');
  const key = Buffer.alloc(PKCS8_HEADER.length + X25519_BYTES);
  PKCS8_HEADER.copy(key);
  key.set(privateKey, PKCS8_HEADER.length);
  try {
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  } catch {
    throw new SealedPayloadError('bad_key');
  } finally {
    key.fill(0);
  }
}
