import { UpstreamError } from '../types.js';
import { parseResponseHead, type ResponseHead } from './response-head.js';

const informationalMax = 8;
const emptyLine = Buffer.from('\r\n\r\n');

/** Gathers one response head over any cuts, passing over informational responses before it. */
export class HeadReader {
  readonly #bytesMax: number;
  #gathered: Buffer | undefined;
  #gatheredBytes = 0;
  #informational = 0;
  /** The head, once it is whole. */
  head: ResponseHead | undefined;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Reads [at, end) until the head is whole; returns the offset after what it took. Throws UpstreamError. */
  read(buffer: Buffer, at: number, end: number): number {
    let next = at;
    while (next < end && this.head === undefined) next = this.#readOne(buffer, next, end);
    return next;
  }

  #readOne(buffer: Buffer, at: number, end: number): number {
    const before = this.#gatheredBytes;
    const bytes = before === 0 ? buffer.subarray(at, end) : this.#gather(buffer, at, end);
    // A status line takes at least 12 bytes; until then it must at least look like one.
    if (!'HTTP/1.'.startsWith(bytes.toString('latin1', 0, Math.min(7, bytes.length))))
      throw new UpstreamError('malformed', true);
    const length = bytes.indexOf(emptyLine, Math.max(0, before - 3));
    if (length > this.#bytesMax || (length < 0 && bytes.length > this.#bytesMax))
      throw new UpstreamError('head_too_large', true);
    if (length < 0) {
      if (before === 0) this.#gather(buffer, at, end);
      return end;
    }
    const head = parseResponseHead(bytes.toString('latin1', 0, length));
    this.#gatheredBytes = 0;
    if (head.status >= 200) this.head = head;
    else if (++this.#informational > informationalMax) throw new UpstreamError('malformed', true);
    return at + length + emptyLine.length - before;
  }

  #gather(buffer: Buffer, at: number, end: number): Buffer {
    this.#gathered ??= Buffer.allocUnsafeSlow(this.#bytesMax + buffer.length);
    this.#gatheredBytes += buffer.copy(this.#gathered, this.#gatheredBytes, at, end);
    return this.#gathered.subarray(0, this.#gatheredBytes);
  }

  /** Overwrites what was gathered: the read that ends a head may hold the beginning of a body. */
  wipe(): void {
    this.#gathered?.fill(0);
  }
}
