import { createCipheriv, createDecipheriv } from 'node:crypto';
import { requireBytes } from './bytes.js';
import { SealedPayloadError } from './error.js';

export const KEY_BYTES = 32;
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;
/** More than any payload or raw request body the house lets in. */
export const PLAINTEXT_BYTES_MAX = 64 * 1024 * 1024;

const CIPHER = 'aes-256-gcm';
const OPTIONS = { authTagLength: TAG_BYTES };

/** Key, nonce and associated data of one AES-256-GCM message. */
export interface AesGcmContext {
  readonly key: Uint8Array;
  readonly nonce: Uint8Array;
  readonly aad: Uint8Array;
}

/** Encrypts at most 64 MiB; the tag follows the ciphertext. */
export function aesGcmSeal({ key, nonce, aad }: AesGcmContext, plaintext: Uint8Array): Buffer {
  requireBytes(key, KEY_BYTES, 'bad_length');
  requireBytes(nonce, NONCE_BYTES, 'bad_length');
  if (!(plaintext instanceof Uint8Array) || plaintext.length > PLAINTEXT_BYTES_MAX) {
    throw new SealedPayloadError('bad_length');
  }
  const cipher = createCipheriv(CIPHER, key, nonce, OPTIONS);
  cipher.setAAD(aad);
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** Decrypts what aesGcmSeal made. Throws open_failed, and leaves no unverified plaintext behind. */
export function aesGcmOpen({ key, nonce, aad }: AesGcmContext, sealed: Uint8Array): Buffer {
  requireBytes(key, KEY_BYTES, 'bad_length');
  requireBytes(nonce, NONCE_BYTES, 'bad_length');
  const isSized =
    sealed instanceof Uint8Array &&
    sealed.length >= TAG_BYTES &&
    sealed.length <= PLAINTEXT_BYTES_MAX + TAG_BYTES;
  if (!isSized) throw new SealedPayloadError('bad_length');
  const decipher = createDecipheriv(CIPHER, key, nonce, OPTIONS);
  decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  // In GCM everything comes out of update, in a buffer of its own: no copy lands in Node's shared pool.
  const plaintext = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
  try {
    decipher.final();
  } catch {
    plaintext.fill(0);
    throw new SealedPayloadError('open_failed');
  }
  return plaintext;
}
