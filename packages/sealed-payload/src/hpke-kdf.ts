import { createHmac } from 'node:crypto';

const VERSION_LABEL = Buffer.from('HPKE-v1', 'utf8');
const EXPAND_COUNTER = Buffer.from([1]);
/** Output size of HKDF-SHA256, and the most that one call of labeledExpand gives. */
export const HASH_BYTES = 32;

/** RFC 9180 section 4, LabeledExtract over HKDF-SHA256. `suiteId` tells the layers and suites apart. */
export function labeledExtract(suiteId: Buffer, salt: Buffer, label: string, ikm: Buffer): Buffer {
  return createHmac('sha256', salt)
    .update(VERSION_LABEL)
    .update(suiteId)
    .update(Buffer.from(label, 'utf8'))
    .update(ikm)
    .digest();
}

/** What labeledExpand derives: `byteCount` bytes, at most HASH_BYTES. */
export interface Expansion {
  readonly label: string;
  readonly info: Buffer;
  readonly byteCount: number;
}

/** RFC 9180 section 4, LabeledExpand over HKDF-SHA256, for outputs of one block. */
export function labeledExpand(suiteId: Buffer, key: Buffer, { label, info, byteCount }: Expansion): Buffer {
  const block = createHmac('sha256', key)
    .update(uint16(byteCount))
    .update(VERSION_LABEL)
    .update(suiteId)
    .update(Buffer.from(label, 'utf8'))
    .update(info)
    .update(EXPAND_COUNTER)
    .digest();
  block.fill(0, byteCount);
  return block.subarray(0, byteCount);
}

/** Two bytes, big-endian: RFC 9180 calls it I2OSP(n, 2). */
export function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
