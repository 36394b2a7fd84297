import { HASH_BYTES, labeledExpand, labeledExtract, uint16 } from './hpke-kdf.js';
import { type KeyPair, publicKeyOf, sharedPoint } from './x25519.js';

/** DHKEM(X25519, HKDF-SHA256), RFC 9180 section 4.1. */
export const KEM_ID = uint16(0x0020);
const SUITE_ID = Buffer.concat([Buffer.from('KEM', 'utf8'), KEM_ID]);
const NOTHING = Buffer.alloc(0);

/** The secret for the recipient, and what to send so that the recipient finds it. Throws bad_key. */
export function encap(recipientPublicKey: Uint8Array, ephemeral: KeyPair): { secret: Buffer; enc: Buffer } {
  const point = sharedPoint(ephemeral.privateKey, recipientPublicKey);
  return {
    secret: extractAndExpand(point, ephemeral.publicKey, recipientPublicKey),
    enc: ephemeral.publicKey,
  };
}

/** The secret that encap gave the sender. Throws bad_key. */
export function decap(enc: Uint8Array, recipientPrivateKey: Uint8Array): Buffer {
  const point = sharedPoint(recipientPrivateKey, enc);
  return extractAndExpand(point, enc, publicKeyOf(recipientPrivateKey));
}

function extractAndExpand(point: Buffer, enc: Uint8Array, recipientPublicKey: Uint8Array): Buffer {
  const prk = labeledExtract(SUITE_ID, NOTHING, 'eae_prk', point);
  const info = Buffer.concat([enc, recipientPublicKey]);
  const secret = labeledExpand(SUITE_ID, prk, { label: 'shared_secret', info, byteCount: HASH_BYTES });
  point.fill(0);
  prk.fill(0);
  return secret;
}
