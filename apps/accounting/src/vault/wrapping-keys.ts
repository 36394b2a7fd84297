import { createHmac, hkdfSync } from 'node:crypto';
import type { TransitWrapping } from './transit-wrapping.js';

/** The keys that are never in the database, and what is derived from them. 32 bytes each. */
export interface WrappingKeys {
  /** Wraps private halves of transit keys. */
  readonly transit: TransitWrapping;
  /** Wraps the organizations' at-rest keys; permanent. */
  readonly atRestRoot: Buffer;
  /** Keys the digests of rejected records: a bare digest of a short text can be guessed. */
  readonly rejectDigest: Buffer;
}

const keyBytes = 32;
const noSalt = Buffer.alloc(0);

/** Takes the root key as hex and derives the rest. The config has checked its form. */
export const wrappingKeysFrom = (given: {
  readonly transit: TransitWrapping;
  readonly atRestRoot: string;
}): WrappingKeys => {
  const atRestRoot = Buffer.from(given.atRestRoot, 'hex');
  return {
    transit: given.transit,
    atRestRoot,
    rejectDigest: Buffer.from(
      hkdfSync('sha256', atRestRoot, noSalt, 'lethe/ingest-reject-digest/v1', keyBytes),
    ),
  };
};

/** The digest a rejected record is known by: keyed, over its key and its bytes. 32 bytes. */
export const rejectDigest = (keys: WrappingKeys, key: Buffer | null, value: Buffer): Buffer => {
  const hmac = createHmac('sha256', keys.rejectDigest);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(key?.length ?? 0);
  hmac.update(length);
  if (key !== null) hmac.update(key);
  return hmac.update(value).digest();
};
