import { randomBytes } from 'node:crypto';
import { aesGcmOpen, aesGcmSeal, KEY_BYTES, NONCE_BYTES, TAG_BYTES } from './aes-gcm.js';
import { contentAad, contentKeyAad, type PayloadBinding, transitInfo } from './binding.js';
import { requireBytes } from './bytes.js';
import { type HpkeSealed, hpkeOpen, hpkeSeal } from './hpke.js';
import { generateKeyPair, type KeyPair, X25519_BYTES } from './x25519.js';

/** The half of an organization's transit key that a router may hold. The id has 1 to 64 bytes, the key 32. */
export interface TransitPublicKey {
  readonly transitKeyId: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** The half that only accounting holds, and destroys when it seals the organization. */
export interface TransitPrivateKey {
  readonly transitKeyId: Uint8Array;
  readonly privateKey: Uint8Array;
}

/** A content key sealed to a transit key: `enc` has 32 bytes, `ct` 48. */
export type SealedContentKey = HpkeSealed;

export interface SealedContent {
  /** 12 bytes. */
  readonly nonce: Buffer;
  /** As long as the plaintext, and 16 bytes of tag. */
  readonly ciphertext: Buffer;
}

export interface SealedPayload extends SealedContent {
  readonly contentKey: SealedContentKey;
}

/** Makes a transit key: raw X25519, 32 bytes each half. The caller wraps and then wipes the private half. */
export function generateTransitKeyPair(): KeyPair {
  return generateKeyPair();
}

/**
 * Encrypts a payload or a raw request body of at most 64 MiB under a fresh content key and seals that key to the
 * transit key. Synchronous. The content key is wiped before this returns; the plaintext is the caller's to wipe.
 * Throws bad_key, bad_length, bad_binding.
 */
export function sealPayload(
  plaintext: Uint8Array,
  to: TransitPublicKey,
  binding: PayloadBinding,
): SealedPayload {
  const { transitKeyId, publicKey } = to;
  const aad = contentAad(binding, transitKeyId);
  const context = {
    info: transitInfo(binding.orgId, transitKeyId),
    aad: contentKeyAad(binding, transitKeyId),
  };
  const nonce = randomBytes(NONCE_BYTES);
  const key = randomBytes(KEY_BYTES);
  try {
    const contentKey = hpkeSeal(key, publicKey, context);
    return { contentKey, nonce, ciphertext: aesGcmSeal({ key, nonce, aad }, plaintext) };
  } finally {
    key.fill(0);
  }
}

/**
 * Recovers the content key (32 bytes) of a sealed payload; content stays closed. The caller wipes the result.
 * Throws open_failed for another key or binding, bad_key, bad_length, bad_binding.
 */
export function unsealContentKey(
  sealed: SealedContentKey,
  by: TransitPrivateKey,
  binding: PayloadBinding,
): Buffer {
  requireBytes(sealed.enc, X25519_BYTES, 'bad_length');
  requireBytes(sealed.ct, KEY_BYTES + TAG_BYTES, 'bad_length');
  return hpkeOpen(sealed, by.privateKey, {
    info: transitInfo(binding.orgId, by.transitKeyId),
    aad: contentKeyAad(binding, by.transitKeyId),
  });
}

/**
 * Decrypts a payload with its content key. `bound.transitKeyId` is the transit key it was sealed to.
 * Throws open_failed for another key or binding, bad_length, bad_binding. The caller wipes the result.
 */
export function openPayload(
  sealed: SealedContent,
  contentKey: Uint8Array,
  bound: PayloadBinding & { readonly transitKeyId: Uint8Array },
): Buffer {
  const aad = contentAad(bound, bound.transitKeyId);
  return aesGcmOpen({ key: contentKey, nonce: sealed.nonce, aad }, sealed.ciphertext);
}
