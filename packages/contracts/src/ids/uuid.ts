import { randomFillSync } from 'node:crypto';

/** A UUID in its canonical lower-case text form. */
export type Uuid = string & { readonly __brand: 'Uuid' };
export type InsightId = Uuid;
export type OrgId = Uuid;
export type ApiKeyId = Uuid;
export type UserId = Uuid;
export type GroupId = Uuid;

const pattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const noBytes = Buffer.alloc(0);

/** True when the value is a UUID in canonical text form. */
export const isUuid = (value: unknown): value is Uuid => typeof value === 'string' && pattern.test(value);

/** 16 bytes to text; undefined when the length is not 16 (an absent id has length 0). */
export const uuidText = (bytes: Uint8Array): Uuid | undefined => {
  if (bytes.length !== 16) return undefined;
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}` as Uuid;
};

/** Text to 16 bytes; an absent id becomes no bytes. */
export const uuidBytes = (id: Uuid | undefined): Buffer =>
  id === undefined ? noBytes : Buffer.from(id.replaceAll('-', ''), 'hex');

const random = Buffer.alloc(10 * 256);
let used = random.length;

/** A fresh UUIDv7: 48 bits of Unix milliseconds, then 74 random bits. Sortable by time to the millisecond. */
export const newUuidV7 = (nowMs: number = Date.now()): Uuid => {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  const tail = random.toString('hex', used, used + 10);
  used += 10;
  const time = nowMs.toString(16).padStart(12, '0');
  const variant = ((Number.parseInt(tail[3] as string, 16) & 3) | 8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${tail.slice(0, 3)}-${variant}${tail.slice(4, 7)}-${tail.slice(7, 19)}` as Uuid;
};

/** Milliseconds since 1970 that a UUIDv7 carries. */
export const uuidV7TimeMs = (id: Uuid): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
