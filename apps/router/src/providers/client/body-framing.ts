import { UpstreamError } from '../types.js';
import type { Framing } from './response-head.js';

const inSize = 0;
const inExtension = 1;
const inSizeEnd = 2;
const inData = 3;
const afterData = 4;
const afterDataEnd = 5;
const atTrailer = 6;
const inTrailer = 7;
const inTrailerEnd = 8;
const inLastEnd = 9;
const done = 10;

const cr = 0x0d;
const lf = 0x0a;
const sizeDigitsMax = 12;
/** Bytes of chunk extensions and trailers together, which nobody needs. */
const ornamentBytesMax = 16 * 1024;

const malformed = (): never => {
  throw new UpstreamError('malformed', true);
};

const hexDigit = (byte: number): number => {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
};

/** Takes the transfer framing off a response body, in place, over any cuts. */
export class BodyFraming {
  readonly #kind: Framing['kind'];
  #remaining: number;
  #state: number = inSize;
  #digits = 0;
  #ornamentBytes = 0;
  /** The body is whole. */
  complete: boolean;
  /** The payload of the last read() lies at [payloadStart, payloadEnd) of its buffer. */
  payloadStart = 0;
  payloadEnd = 0;

  constructor(framing: Framing) {
    this.#kind = framing.kind;
    this.#remaining = framing.kind === 'length' ? framing.bytes : 0;
    this.complete = framing.kind === 'length' && framing.bytes === 0;
  }

  /** The connection's end is the body's end. */
  get endsWithConnection(): boolean {
    return this.#kind === 'until_close';
  }

  /**
   * Reads [at, end), moves the payload together and returns the offset after the body: below `end` when more follows
   * than belongs to it. Throws UpstreamError `malformed`.
   */
  read(buffer: Buffer, at: number, end: number): number {
    this.payloadStart = at;
    this.payloadEnd = at;
    if (this.#kind === 'chunked') return this.#readChunks(buffer, at, end);
    const taken = this.#kind === 'length' ? Math.min(end - at, this.#remaining) : end - at;
    this.payloadEnd = at + taken;
    if (this.#kind === 'length') {
      this.#remaining -= taken;
      this.complete = this.#remaining === 0;
    }
    return at + taken;
  }

  #readChunks(buffer: Buffer, at: number, end: number): number {
    let next = at;
    while (next < end && this.#state !== done) {
      if (this.#state === inData) next = this.#takeData(buffer, next, end);
      else {
        const after = this.#skipPlainSize(buffer, next, end);
        if (after === next) this.#takeByte(buffer[next++] as number);
        else next = after;
      }
    }
    this.complete = this.#state === done;
    return next;
  }

  /**
   * The usual way from one chunk's data into the next, in one go: `CRLF size CRLF`, all of it here and without
   * ornament. Returns `at`, with nothing changed, when it is anything else.
   */
  #skipPlainSize(buffer: Buffer, at: number, end: number): number {
    let next = at;
    if (this.#state === afterData) {
      if (buffer[at] !== cr || buffer[at + 1] !== lf) return at;
      next += 2;
    } else if (this.#state !== inSize || this.#digits > 0) return at;
    const sizeStart = next;
    let size = 0;
    for (let digit = 0; next < end; next++) {
      digit = hexDigit(buffer[next] as number);
      if (digit < 0) break;
      size = size * 16 + digit;
    }
    const isPlain = size > 0 && next - sizeStart <= sizeDigitsMax && next + 1 < end;
    if (!isPlain || buffer[next] !== cr || buffer[next + 1] !== lf) return at;
    this.#remaining = size;
    this.#state = inData;
    return next + 2;
  }

  #takeData(buffer: Buffer, at: number, end: number): number {
    const taken = Math.min(end - at, this.#remaining);
    if (this.payloadEnd === this.payloadStart) {
      this.payloadStart = at;
      this.payloadEnd = at;
    } else buffer.copyWithin(this.payloadEnd, at, at + taken);
    this.payloadEnd += taken;
    this.#remaining -= taken;
    if (this.#remaining === 0) this.#state = afterData;
    return at + taken;
  }

  #takeByte(byte: number): void {
    switch (this.#state) {
      case inSize:
        this.#takeSize(byte);
        return;
      case inExtension:
        this.#countOrnament();
        if (byte === cr) this.#state = inSizeEnd;
        return;
      case inSizeEnd:
        this.#expect(byte, lf, this.#remaining === 0 ? atTrailer : inData);
        this.#digits = 0;
        return;
      case afterData:
        this.#expect(byte, cr, afterDataEnd);
        return;
      case afterDataEnd:
        this.#expect(byte, lf, inSize);
        return;
      case atTrailer:
        this.#state = byte === cr ? inLastEnd : inTrailer;
        this.#countOrnament();
        return;
      case inTrailer:
        this.#countOrnament();
        if (byte === cr) this.#state = inTrailerEnd;
        return;
      case inTrailerEnd:
        this.#expect(byte, lf, atTrailer);
        return;
      default:
        this.#expect(byte, lf, done);
    }
  }

  #takeSize(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      if (++this.#digits > sizeDigitsMax) malformed();
      this.#remaining = this.#remaining * 16 + digit;
    } else if (this.#digits === 0) malformed();
    else if (byte === cr) this.#state = inSizeEnd;
    else if (byte === 0x3b || byte === 0x20 || byte === 0x09) this.#state = inExtension;
    else malformed();
  }

  #expect(byte: number, expected: number, next: number): void {
    if (byte !== expected) malformed();
    this.#state = next;
  }

  #countOrnament(): void {
    if (++this.#ornamentBytes > ornamentBytesMax) malformed();
  }
}
