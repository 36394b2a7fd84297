import { randomBytes } from 'node:crypto';
import { aesGcmOpen, aesGcmSeal, KEY_BYTES, NONCE_BYTES, TAG_BYTES } from './aes-gcm.js';
import { type WrapBinding, wrapAad } from './binding.js';
import { requireBytes } from './bytes.js';

/** Size of a wrapped key: nonce, key, tag. */
export const WRAPPED_KEY_BYTES = NONCE_BYTES + KEY_BYTES + TAG_BYTES;

/**
 * Wraps a key of 32 bytes under another one; 60 bytes come out. Nonces are random, so a wrapping key is good for
 * 2^32 wraps: rotate it (keyVersion) well before. The caller wipes both keys.
 */
export function wrapKey(key: Uint8Array, wrappingKey: Uint8Array, binding: WrapBinding): Buffer {
  requireBytes(key, KEY_BYTES, 'bad_length');
  const nonce = randomBytes(NONCE_BYTES);
  return Buffer.concat([nonce, aesGcmSeal({ key: wrappingKey, nonce, aad: wrapAad(binding) }, key)]);
}

/** Unwraps what wrapKey made, for the same binding only. Throws open_failed. The caller wipes the result. */
export function unwrapKey(wrapped: Uint8Array, wrappingKey: Uint8Array, binding: WrapBinding): Buffer {
  requireBytes(wrapped, WRAPPED_KEY_BYTES, 'bad_length');
  const nonce = wrapped.subarray(0, NONCE_BYTES);
  return aesGcmOpen({ key: wrappingKey, nonce, aad: wrapAad(binding) }, wrapped.subarray(NONCE_BYTES));
}
