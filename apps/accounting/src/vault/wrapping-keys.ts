import { createHmac, hkdfSync } from 'node:crypto';

/** The two keys that are never in the database, and what is derived from them. 32 bytes each. */
export interface WrappingKeys {
  /** Wraps private halves of transit keys; new at each start of the deployment, so that none of them outlives it. */
  readonly transit: Buffer;
  /** Names the transit wrapping key without telling anything of it. 16 bytes. */
  readonly transitKeyName: Buffer;
  /** Wraps the organizations' at-rest keys; permanent. */
  readonly atRestRoot: Buffer;
  /** Keys the digests of rejected records: a bare digest of a short text can be guessed. */
  readonly rejectDigest: Buffer;
}

const keyBytes = 32;
const noSalt = Buffer.alloc(0);

/** Takes the two keys as hex and derives the rest. The config has checked their form. */
export const wrappingKeysFrom = (hex: {
  readonly transit: string;
  readonly atRestRoot: string;
}): WrappingKeys => {
  const transit = Buffer.from(hex.transit, 'hex');
  const atRestRoot = Buffer.from(hex.atRestRoot, 'hex');
  return {
    transit,
    transitKeyName: createHmac('sha256', transit)
      .update('lethe/transit-key-name/v1')
      .digest()
      .subarray(0, 16),
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
