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
const hexDigits = Buffer.from('0123456789abcdef');
/** The id that is being made, as text; its dashes stay. */
const text = Buffer.alloc(36, '-');

const putByte = (at: number, byte: number): number => {
  text[at] = hexDigits[byte >> 4] as number;
  text[at + 1] = hexDigits[byte & 15] as number;
  return at + 2;
};

/** Digits 14 to 35 of an id: the version, the variant and ten random bytes. */
const putRandom = (from: number): void => {
  // The first and the third of them give up bits to the version and the variant.
  putByte(14, 0x70 | ((random[from] as number) & 0x0f));
  putByte(16, random[from + 1] as number);
  putByte(19, 0x80 | ((random[from + 2] as number) & 0x3f));
  putByte(21, random[from + 3] as number);
  for (let at = 24, index = from + 4; at < 36; index++) at = putByte(at, random[index] as number);
};

/** A fresh UUIDv7: 48 bits of Unix milliseconds, then 74 random bits. Sortable by time to the millisecond. */
export const newUuidV7 = (nowMs: number = Date.now()): Uuid => {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  const high = Math.floor(nowMs / 0x1_0000);
  putByte(0, (high >>> 24) & 0xff);
  putByte(2, (high >>> 16) & 0xff);
  putByte(4, (high >>> 8) & 0xff);
  putByte(6, high & 0xff);
  putByte(9, Math.floor(nowMs / 0x100) & 0xff);
  putByte(11, nowMs & 0xff);
  putRandom(used);
  used += 10;
  return text.toString('latin1') as Uuid;
};

/** Milliseconds since 1970 that a UUIDv7 carries. */
export const uuidV7TimeMs = (id: Uuid): number => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
