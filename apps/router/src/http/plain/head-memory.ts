import { type PlainRequestHead, readPlainRequestHead } from './plain-request-head.js';

/** Larger heads are not worth what they take of each connection. */
const bytesMax = 4 * 1024;
const digitsMax = 10;
const zero = 0x30;
const none = Buffer.alloc(0);

/**
 * The last head of a connection. Clients send the same one again and again, but for the length of the body: then
 * comparing it is all the reading there is.
 */
export class HeadMemory {
  #bytes = none;
  #length = 0;
  #head: PlainRequestHead | undefined;

  /** As readPlainRequestHead() reads. */
  read(
    bytes: Buffer,
    start: number,
    end: number,
    paths: ReadonlyMap<string, unknown>,
  ): PlainRequestHead | 'partial' | 'other' {
    const again = this.#head === undefined ? undefined : this.#readAgain(this.#head, bytes, start, end);
    if (again !== undefined) return again;
    const head = readPlainRequestHead(bytes, start, end, paths);
    if (typeof head === 'object') this.#remember(bytes, start, head);
    return head;
  }

  /** It holds the caller's credentials. */
  wipe(): void {
    this.#bytes.fill(0);
    this.#head = undefined;
  }

  /** The same head, whatever its body's length is; undefined for any other, and for a part of it. */
  #readAgain(
    head: PlainRequestHead,
    bytes: Buffer,
    start: number,
    end: number,
  ): PlainRequestHead | undefined {
    const { lengthStart, lengthEnd } = head;
    if (start + lengthStart > end) return undefined;
    if (bytes.compare(this.#bytes, 0, lengthStart, start, start + lengthStart) !== 0) return undefined;
    let at = start + lengthStart;
    let bodyBytes = 0;
    for (const stop = Math.min(end, at + digitsMax); at < stop; at++) {
      const digit = (bytes[at] as number) - zero;
      if (digit < 0 || digit > 9) break;
      bodyBytes = bodyBytes * 10 + digit;
    }
    const digits = at - start - lengthStart;
    if (digits === 0 || bytes[start + lengthStart] === zero) return undefined;
    const headEnd = at + this.#length - lengthEnd;
    if (headEnd > end) return undefined;
    if (bytes.compare(this.#bytes, lengthEnd, this.#length, at, headEnd) !== 0) return undefined;
    if (bodyBytes === head.bodyBytes && headEnd === head.end) return head;
    const rawHeaders = [...head.rawHeaders];
    rawHeaders[head.lengthIndex] = String(bodyBytes);
    return { ...head, rawHeaders, bodyBytes, end: headEnd, lengthEnd: lengthStart + digits };
  }

  #remember(bytes: Buffer, start: number, head: PlainRequestHead): void {
    const length = head.end - start;
    this.#head = undefined;
    if (length > bytesMax) return;
    if (length > this.#bytes.length) {
      this.#bytes.fill(0);
      this.#bytes = Buffer.allocUnsafeSlow(length);
    }
    this.#bytes.fill(0, bytes.copy(this.#bytes, 0, start, head.end));
    this.#length = length;
    this.#head = head;
  }
}
