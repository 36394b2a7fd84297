import { telemetryRecordBytesMax } from './limits.js';

const byteOfHex = new Uint8Array(128);
for (let digit = 0; digit < 16; digit++) byteOfHex[digit.toString(16).charCodeAt(0)] = digit;

/** Longest text that is copied character by character, and whose length is one byte. */
const shortTextMax = 127;
/** No field but a longer text takes more: asked once a field, so that single bytes need not ask. */
const fieldBytesMax = 160;

const safeMax = BigInt(Number.MAX_SAFE_INTEGER);
const uuidTextLength = 36;
const isDash = (at: number): boolean => at === 8 || at === 13 || at === 18 || at === 23;

/**
 * Writes fields of one record at a time into a buffer of its own, as protobuf does: a field that says nothing (zero,
 * false, empty) is left out. Written by hand because every request writes one. Counts are whole and not negative.
 */
export class TelemetryWriter {
  // Twice the bound: a record above it is noticed after it was written, not amid it.
  private readonly bytes = Buffer.alloc(telemetryRecordBytesMax * 2);
  private at = 0;

  begin(): void {
    this.at = 0;
  }

  /** A copy of what was written since begin(). Throws RangeError above the bound. */
  finish(): Buffer {
    if (this.at > telemetryRecordBytesMax) throw new RangeError('telemetry record too large');
    // Small copies come from Node's pool: a place of its own in memory would cost each record more than all its fields.
    return Buffer.from(this.bytes.subarray(0, this.at));
  }

  count(field: number, value: number): void {
    if (value === 0) return;
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError('telemetry count out of range');
    this.room(fieldBytesMax);
    this.varint(field * 8);
    this.varint(value);
  }

  /** Up to 2^64 - 1: what is read as signed is never that large here. */
  bigCount(field: number, value: bigint): void {
    if (value <= safeMax) {
      this.count(field, Number(value));
      return;
    }
    if (value >= 2n ** 64n) throw new RangeError('telemetry count out of range');
    this.room(fieldBytesMax);
    this.varint(field * 8);
    let rest = value;
    for (; rest > 127n; rest >>= 7n) this.bytes[this.at++] = Number(rest & 127n) | 128;
    this.bytes[this.at++] = Number(rest);
  }

  flag(field: number, value: boolean): void {
    if (value) this.count(field, 1);
  }

  /** A UUID in text form as its 16 bytes. */
  id(field: number, id: string | undefined): void {
    if (id === undefined) return;
    this.room(fieldBytesMax);
    this.varint(field * 8 + 2);
    const { bytes } = this;
    let to = this.at;
    bytes[to++] = 16;
    for (let at = 0; at < uuidTextLength; at += 2) {
      if (isDash(at)) at++;
      bytes[to++] =
        (byteOfHex[id.charCodeAt(at)] as number) * 16 + (byteOfHex[id.charCodeAt(at + 1)] as number);
    }
    this.at = to;
  }

  text(field: number, value: string): void {
    if (value !== '') this.textAlways(field, value);
  }

  /** Members of a list are written even when empty. */
  textAlways(field: number, value: string): void {
    this.room(fieldBytesMax);
    this.varint(field * 8 + 2);
    if (value.length <= shortTextMax && this.shortAscii(value)) return;
    const length = Buffer.byteLength(value);
    this.varint(length);
    this.room(length);
    this.at += this.bytes.write(value, this.at);
  }

  /** A key and a value as a message of their own, in fields 1 and 2. */
  pair(field: number, key: string, value: string): void {
    this.room(fieldBytesMax);
    this.varint(field * 8 + 2);
    this.varint(pairedBytes(key) + pairedBytes(value));
    this.text(1, key);
    this.text(2, value);
  }

  private shortAscii(value: string): boolean {
    const { bytes } = this;
    let to = this.at;
    bytes[to++] = value.length;
    for (let index = 0; index < value.length; index++) {
      const code = value.charCodeAt(index);
      if (code > 127) return false;
      bytes[to++] = code;
    }
    this.at = to;
    return true;
  }

  private varint(value: number): void {
    let rest = value;
    for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 128)) this.bytes[this.at++] = (rest % 128) | 128;
    for (; rest > 127; rest >>>= 7) this.bytes[this.at++] = (rest & 127) | 128;
    this.bytes[this.at++] = rest;
  }

  private room(bytes: number): void {
    if (this.at + bytes > this.bytes.length) throw new RangeError('telemetry record too large');
  }
}

/** Bytes that a text of a pair takes with its tag and length. */
const pairedBytes = (value: string): number => {
  if (value === '') return 0;
  const bytes = Buffer.byteLength(value);
  return 1 + (bytes > 127 ? 2 : 1) + bytes;
};
