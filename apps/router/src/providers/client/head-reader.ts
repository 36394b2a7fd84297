import { UpstreamError } from '../types.js';
import { parseResponseHead, type ResponseHead, startsLikeHttp } from './response-head.js';

const informationalMax = 8;
const emptyLine = Buffer.from('\r\n\r\n');

/** Gathers response heads, one after the other, over any cuts, passing over informational responses before each. */
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

  /** Ready for the next response. */
  reset(): void {
    this.wipe();
    this.#informational = 0;
    this.head = undefined;
  }

  /** Reads [at, end) until the head is whole; returns the offset after what it took. Throws UpstreamError. */
  read(buffer: Buffer, at: number, end: number): number {
    let next = at;
    while (next < end && this.head === undefined) next = this.#readOne(buffer, next, end);
    return next;
  }

  #readOne(buffer: Buffer, at: number, end: number): number {
    const before = this.#gatheredBytes;
    if (before > 0) this.#gather(buffer, at, end);
    const bytes = before > 0 ? (this.#gathered as Buffer).subarray(0, this.#gatheredBytes) : buffer;
    const from = before > 0 ? 0 : at;
    const to = before > 0 ? bytes.length : end;
    if (!startsLikeHttp(bytes, from, to)) throw new UpstreamError('malformed', true);
    // What lies behind `to` is not of this read.
    const found = bytes.indexOf(emptyLine, Math.max(from, from + before - 3));
    const isWhole = found >= 0 && found + emptyLine.length <= to;
    if ((isWhole ? found : to) - from > this.#bytesMax) throw new UpstreamError('head_too_large', true);
    if (!isWhole) {
      if (before === 0) this.#gather(buffer, at, end);
      return end;
    }
    const head = parseResponseHead(bytes, from, found);
    this.#gatheredBytes = 0;
    if (head.status >= 200) this.head = head;
    else if (++this.#informational > informationalMax) throw new UpstreamError('malformed', true);
    return at + found - from + emptyLine.length - before;
  }

  #gather(buffer: Buffer, at: number, end: number): void {
    this.#gathered ??= Buffer.allocUnsafeSlow(this.#bytesMax + buffer.length);
    this.#gatheredBytes += buffer.copy(this.#gathered, this.#gatheredBytes, at, end);
  }

  /** Overwrites what was gathered: the read that ends a head may hold the beginning of a body. */
  wipe(): void {
    this.#gathered?.fill(0);
    this.#gathered = undefined;
    this.#gatheredBytes = 0;
  }
}
