import { aesGcmOpen, aesGcmSeal, KEY_BYTES, NONCE_BYTES } from './aes-gcm.js';
import { requireBytes } from './bytes.js';
import { decap, encap, KEM_ID } from './dhkem.js';
import { SealedPayloadError } from './error.js';
import { labeledExpand, labeledExtract, uint16 } from './hpke-kdf.js';
import { generateKeyPair, X25519_BYTES } from './x25519.js';

/** An AEAD of RFC 9180 section 7.3. */
export interface HpkeAead {
  readonly id: number;
  readonly keyBytes: number;
}

export const AES_256_GCM: HpkeAead = { id: 0x0002, keyBytes: KEY_BYTES };

/** What HPKE binds a message to: `info` names the recipient's key and its use, `aad` the message. */
export interface HpkeContext {
  readonly info: Buffer;
  readonly aad: Buffer;
}

export interface HpkeSealed {
  /** 32 bytes. */
  readonly enc: Buffer;
  /** As long as the plaintext, and 16 bytes of tag. */
  readonly ct: Buffer;
}

const KDF_ID = uint16(0x0001);
const MODE_BASE = Buffer.from([0]);
const NOTHING = Buffer.alloc(0);

/** HPKE base mode, single shot, with a fresh ephemeral pair. Throws bad_key. */
export function hpkeSeal(plaintext: Buffer, publicKey: Uint8Array, { info, aad }: HpkeContext): HpkeSealed {
  const ephemeral = generateKeyPair();
  try {
    const { secret, enc } = encap(publicKey, ephemeral);
    return { enc, ct: withKeys(secret, info, (keys) => aesGcmSeal({ ...keys, aad }, plaintext)) };
  } finally {
    ephemeral.privateKey.fill(0);
  }
}

/** Opens what hpkeSeal made. Throws open_failed; bad_key only when the private key itself is unusable. */
export function hpkeOpen(sealed: HpkeSealed, privateKey: Uint8Array, { info, aad }: HpkeContext): Buffer {
  requireBytes(privateKey, X25519_BYTES, 'bad_key');
  const secret = decapOrRefuse(sealed.enc, privateKey);
  return withKeys(secret, info, (keys) => aesGcmOpen({ ...keys, aad }, sealed.ct));
}

/** RFC 9180 section 5.1 for the base mode: the AEAD key and the nonce of sequence number 0. */
export function keySchedule(secret: Buffer, info: Buffer, aead: HpkeAead): { key: Buffer; nonce: Buffer } {
  const suiteId = Buffer.concat([Buffer.from('HPKE', 'utf8'), KEM_ID, KDF_ID, uint16(aead.id)]);
  const context = Buffer.concat([
    MODE_BASE,
    labeledExtract(suiteId, NOTHING, 'psk_id_hash', NOTHING),
    labeledExtract(suiteId, NOTHING, 'info_hash', info),
  ]);
  const expandable = labeledExtract(suiteId, secret, 'secret', NOTHING);
  const key = labeledExpand(suiteId, expandable, { label: 'key', info: context, byteCount: aead.keyBytes });
  const nonce = labeledExpand(suiteId, expandable, {
    label: 'base_nonce',
    info: context,
    byteCount: NONCE_BYTES,
  });
  expandable.fill(0);
  return { key, nonce };
}

/** A low-order `enc` is a forged record, not a wrong key of ours. */
function decapOrRefuse(enc: Uint8Array, privateKey: Uint8Array): Buffer {
  try {
    return decap(enc, privateKey);
  } catch {
    throw new SealedPayloadError('open_failed');
  }
}

function withKeys<T>(secret: Buffer, info: Buffer, use: (keys: { key: Buffer; nonce: Buffer }) => T): T {
  const keys = keySchedule(secret, info, AES_256_GCM);
  try {
    return use(keys);
  } finally {
    secret.fill(0);
    keys.key.fill(0);
  }
}
