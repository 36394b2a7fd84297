import { createCipheriv, pbkdf2Sync, randomBytes } from 'node:crypto';

const iterations = 8_192;
const keyBytes = 32;
/** PBKDF2 and AES-256-GCM, of the ways the server takes. */
const way = 2;
const fragmentBytesMax = 16_384;

/**
 * Encrypts what MinIO's administration takes only encrypted, with the administrator's own secret: salt, way, nonce, and
 * one fragment. The tag of an empty message under the first nonce is part of what the fragment authenticates.
 */
export const sealBody = (secretAccessKey: string, text: string): Buffer => {
  const plain = Buffer.from(text);
  if (plain.length > fragmentBytesMax) throw new RangeError('more than one fragment');
  const salt = randomBytes(32);
  const nonce = randomBytes(8);
  const key = pbkdf2Sync(secretAccessKey, salt, iterations, keyBytes, 'sha256');
  const cipherOf = (sequence: number) => {
    const counter = Buffer.alloc(4);
    counter.writeUInt32LE(sequence);
    return createCipheriv('aes-256-gcm', key, Buffer.concat([nonce, counter]));
  };
  const empty = cipherOf(0);
  empty.final();
  const fragment = cipherOf(1);
  const isLast = 0x80;
  fragment.setAAD(Buffer.concat([Buffer.from([isLast]), empty.getAuthTag()]));
  const encrypted = Buffer.concat([fragment.update(plain), fragment.final()]);
  return Buffer.concat([salt, Buffer.from([way]), nonce, encrypted, fragment.getAuthTag()]);
};
