import { type Counts, type Meaning, meaningOf, type Place } from './places.js';
import { type Word, wordOf } from './words.js';

const quote = 0x22;
const backslash = 0x5c;
/** Deeper than any place that is known. */
const placesMax = 8;
const capturedBytesMax = 40;
const digitsMax = 15;
/** Bytes of a string that are looked at one by one before a native search for its end: prose with quotes never gets far. */
const nearBytes = 256;

/** What stood at the places of a document. */
export interface Noted {
  /** The last usage object that counted anything. */
  usage: Counts | undefined;
  groqUsage: Counts | undefined;
  finish: Word | undefined;
  type: Word | undefined;
  status: Word | undefined;
  reason: Word | undefined;
  /** An item of the output calls a function of the caller's. */
  hasCall: boolean;
  hasChoice: boolean;
  hasError: boolean;
}

const nothing = (): Noted => ({
  usage: undefined,
  groqUsage: undefined,
  finish: undefined,
  type: undefined,
  status: undefined,
  reason: undefined,
  hasCall: false,
  hasChoice: false,
  hasError: false,
});

/**
 * Walks one JSON document after the other, over any cuts, and notes counts and closed marks where they stand. It
 * passes over everything else without looking at it; malformed documents give nothing, and never throw.
 */
export class DocumentReader {
  readonly #root: Place;
  readonly #places: Place[] = [];
  /** The innermost of them. */
  #place: Place | undefined;
  /** Only for a string that a cut goes through. */
  #captured: Buffer | undefined;
  #capturedBytes = 0;
  /** How deep inside something unknown; its brackets are only counted. */
  #unknownDepth = 0;
  #inString = false;
  #capturing = false;
  #escaped = false;
  #atKey = false;
  #meaning: Meaning | undefined;
  #number = -1;
  #digits = 0;
  #counts: Counts = {};

  noted = nothing();
  /** The document has ended. */
  complete = false;

  constructor(root: Place) {
    this.#root = root;
  }

  /** A document has begun and not ended. */
  get open(): boolean {
    return this.#unknownDepth > 0 || this.#places.length > 0;
  }

  /** A new document begins; nothing of the last one stays. */
  begin(): void {
    this.#places.length = 0;
    this.#place = undefined;
    this.#unknownDepth = 0;
    this.#inString = false;
    this.#capturing = false;
    this.#escaped = false;
    this.#atKey = false;
    this.#meaning = undefined;
    this.#number = -1;
    this.#digits = 0;
    this.noted = nothing();
    this.complete = false;
  }

  read(buffer: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (this.#inString)
        at = this.#capturing ? this.#capture(buffer, at, end) : this.#skipString(buffer, at, end);
      else if (this.#unknownDepth > 0) at = this.#skipUnknown(buffer, at, end);
      else this.#takeStructure(buffer[at++] as number);
    }
  }

  wipe(): void {
    this.#captured?.fill(0);
  }

  #takeStructure(byte: number): void {
    if (byte >= 0x30 && byte <= 0x39) {
      if (this.#meaning?.count !== undefined) this.#takeDigit(byte - 0x30);
      return;
    }
    // A sign, point or exponent makes a number that is no count.
    if (byte === 0x2d || byte === 0x2b || byte === 0x2e || (byte | 0x20) === 0x65)
      this.#digits = digitsMax + 1;
    else if (this.#number >= 0 || this.#digits > 0) this.#endNumber();
    if (byte === quote) this.#beginString();
    else if (byte === 0x2c) {
      this.#atKey = this.#place?.item === undefined && this.open;
      this.#meaning = undefined;
    } else if (byte === 0x3a) this.#atKey = false;
    else if (byte === 0x7b) this.#open(true);
    else if (byte === 0x5b) this.#open(false);
    else if (byte === 0x7d || byte === 0x5d) this.#close();
  }

  #takeDigit(digit: number): void {
    if (this.#number < 0) {
      // The digits before it, if any, were no count.
      this.#digits = this.#digits > digitsMax ? this.#digits : 0;
      this.#number = 0;
    }
    this.#digits++;
    this.#number = this.#number * 10 + digit;
  }

  #endNumber(): void {
    const count = this.#meaning?.count;
    if (this.#number >= 0 && this.#digits <= digitsMax && count !== undefined)
      this.#counts[count] = this.#number;
    this.#number = -1;
    this.#digits = 0;
  }

  #beginString(): void {
    this.#inString = true;
    this.#capturedBytes = 0;
    if (this.#atKey) this.#capturing = this.#place !== undefined;
    else {
      if (this.#meaning?.error === true) this.noted.hasError = true;
      this.#capturing = this.#meaning?.mark !== undefined;
    }
  }

  /** A string that may be a known key or a mark: read where it stands, or copied as far as one of those may be long. */
  #capture(buffer: Buffer, start: number, end: number): number {
    if (this.#capturedBytes === 0 && !this.#escaped) {
      const near = Math.min(end, start + capturedBytesMax);
      let at = start;
      while (at < near && buffer[at] !== quote && buffer[at] !== backslash) at++;
      if (at < near && buffer[at] === quote) {
        this.#endCaptured(buffer, start, at - start);
        return at + 1;
      }
    }
    return this.#copy(buffer, start, end);
  }

  #copy(buffer: Buffer, start: number, end: number): number {
    this.#captured ??= Buffer.alloc(capturedBytesMax);
    for (let at = start; at < end; at++) {
      const byte = buffer[at] as number;
      if (this.#escaped) this.#escaped = false;
      else if (byte === backslash) this.#escaped = true;
      else if (byte === quote) {
        this.#endCaptured(this.#captured, 0, this.#capturedBytes);
        return at + 1;
      }
      // An escape, too, is copied as it is: nothing known has one, so it makes an unknown of it.
      if (this.#capturedBytes < capturedBytesMax) this.#captured[this.#capturedBytes++] = byte;
    }
    return end;
  }

  #endCaptured(bytes: Buffer, start: number, length: number): void {
    this.#inString = false;
    if (this.#atKey) {
      const at = this.#place;
      this.#meaning = at === undefined ? undefined : meaningOf(at, bytes, start, length);
      return;
    }
    const mark = this.#meaning?.mark;
    const word = wordOf(bytes, start, length);
    if (mark === 'object') this.noted.hasError ||= word === 'error';
    else if (mark === 'itemType')
      this.noted.hasCall ||= word === 'function_call' || word === 'custom_tool_call';
    else if (mark !== undefined) this.noted[mark] = word;
  }

  /** Passes over content: byte by byte where it is short or full of escapes, else by native search. */
  #skipString(buffer: Buffer, start: number, end: number): number {
    let at = start;
    if (this.#escaped) {
      this.#escaped = false;
      at++;
    }
    while (at < end) {
      for (const near = Math.min(end, at + nearBytes); at < near; ) {
        const byte = buffer[at++];
        if (byte === quote) {
          this.#inString = false;
          return at;
        }
        if (byte === backslash) at++;
      }
      if (at >= end) break;
      const found = buffer.indexOf(quote, at);
      const stop = found === -1 || found > end ? end : found;
      // What precedes a quote decides about it only as far as the backslashes go.
      let backslashes = 0;
      while (stop - 1 - backslashes >= at && buffer[stop - 1 - backslashes] === backslash) backslashes++;
      at = stop + (backslashes % 2);
    }
    this.#escaped = at > end;
    return end;
  }

  /** Passes over an object or array of which nothing is known. */
  #skipUnknown(buffer: Buffer, start: number, end: number): number {
    let depth = this.#unknownDepth;
    let at = start;
    while (at < end && depth > 0) {
      const byte = buffer[at++] as number;
      if (byte === quote) {
        this.#inString = true;
        this.#capturing = false;
        at = this.#skipString(buffer, at, end);
        if (this.#inString) break;
      } else if ((byte | 0x20) === 0x7b) depth++;
      else if ((byte | 0x20) === 0x7d) depth--;
    }
    this.#unknownDepth = depth;
    if (depth === 0) this.#closed();
    return at;
  }

  #open(isObject: boolean): void {
    const place = this.#placeOfOpened(isObject);
    if (place === undefined || this.#places.length === placesMax) {
      this.#unknownDepth = 1;
      return;
    }
    this.#places.push(place);
    this.#place = place;
    this.#atKey = isObject;
    this.#meaning = undefined;
    if (place.role === 'usage' || place.role === 'groqUsage') this.#counts = {};
    else if (place.role === 'choice') this.noted.hasChoice = true;
  }

  #placeOfOpened(isObject: boolean): Place | undefined {
    const at = this.#place;
    if (at === undefined) {
      this.complete = false;
      return isObject ? this.#root : undefined;
    }
    if (at.item !== undefined) return isObject ? at.item : undefined;
    if (this.#meaning?.error === true) this.noted.hasError = true;
    return isObject ? this.#meaning?.object : this.#meaning?.array;
  }

  #close(): void {
    const closed = this.#places.pop();
    if (closed === undefined) return;
    this.#place = this.#places[this.#places.length - 1];
    if (closed.role === 'usage' || closed.role === 'groqUsage') {
      const counts = this.#counts;
      if (counts.input !== undefined || counts.output !== undefined) this.noted[closed.role] = counts;
    }
    this.#closed();
  }

  #closed(): void {
    this.#atKey = false;
    this.#meaning = undefined;
    if (this.#places.length === 0) this.complete = true;
  }
}
