import type { FinishReason } from '@lethe/contracts';
import type { UsageReading } from './types.js';
import { type Counts, finishReasonOf, readingOf } from './usage-reader-counts.js';
import { hasKnownKeys, type Meaning, meaningOf, type Place } from './usage-reader-places.js';

const quote = 0x22;
const backslash = 0x5c;
/** Levels whose places are known; deeper down there is only content. */
const levelsMax = 8;
const capturedBytesMax = 40;
const digitsMax = 15;
/** Strings up to this length end before a native search would have begun. */
const shortBytes = 24;
const errorObject = Buffer.from('error');

/**
 * Walks JSON documents in the shape of a chat completion, over any cuts, and picks out counts and closed marks where
 * they stand. It passes over content without looking at it; malformed documents give nothing, and never throw.
 */
export class CompletionReader {
  readonly #places: Place[] = new Array<Place>(levelsMax).fill('elsewhere');
  readonly #isObject: boolean[] = new Array<boolean>(levelsMax).fill(false);
  readonly #captured = Buffer.alloc(capturedBytesMax);
  #capturedBytes = 0;
  #depth = 0;
  #inString = false;
  #capturing = false;
  #escaped = false;
  #atKey = false;
  #meaning: Meaning | undefined;
  #number = -1;
  #digits = 0;
  #counts: Counts = {};
  #groqUsage: UsageReading | undefined;
  #sawChoice = false;

  /** Of the last usage object that counted anything. */
  usage: UsageReading | undefined;
  finishReason: FinishReason = 'unspecified';
  /** Documents that had at least one choice. */
  documentsWithChoice = 0;
  sawError = false;
  /** The last document has ended. */
  complete = false;

  /** A document has begun and not ended. */
  get open(): boolean {
    return this.#depth > 0;
  }

  /** A new document begins; what the earlier ones gave stays. */
  begin(): void {
    this.#depth = 0;
    this.#inString = false;
    this.#capturing = false;
    this.#escaped = false;
    this.#atKey = false;
    this.#meaning = undefined;
    this.#number = -1;
    this.#sawChoice = false;
    this.complete = false;
  }

  read(buffer: Buffer, start: number, end: number): void {
    let at = start;
    while (at < end) {
      if (!this.#inString) this.#takeStructure(buffer[at++] as number);
      else at = this.#capturing ? this.#capture(buffer, at, end) : this.#skip(buffer, at, end);
    }
  }

  wipe(): void {
    this.#captured.fill(0);
  }

  get #place(): Place {
    return this.#depth > 0 && this.#depth <= levelsMax
      ? (this.#places[this.#depth - 1] as Place)
      : 'elsewhere';
  }

  #takeStructure(byte: number): void {
    if (byte >= 0x30 && byte <= 0x39) {
      this.#takeDigit(byte - 0x30);
      return;
    }
    // A sign, point or exponent makes a number that is no count.
    if (byte === 0x2d || byte === 0x2b || byte === 0x2e || (byte | 0x20) === 0x65)
      this.#digits = digitsMax + 1;
    else this.#endNumber();
    switch (byte) {
      case quote:
        this.#beginString();
        return;
      case 0x2c:
        this.#atKey = this.#depth > 0 && this.#depth <= levelsMax && this.#isObject[this.#depth - 1] === true;
        this.#meaning = undefined;
        return;
      case 0x3a:
        this.#atKey = false;
        return;
      case 0x7b:
        this.#open(true);
        return;
      case 0x5b:
        this.#open(false);
        return;
      case 0x7d:
      case 0x5d:
        this.#close();
        return;
      default:
    }
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
    const { mark } = this.#meaning ?? {};
    if (!this.#atKey && mark === 'error') this.sawError = true;
    this.#capturing = this.#atKey ? hasKnownKeys(this.#place) : mark === 'finish' || mark === 'object';
  }

  /** A string that may be a known key or a finish reason: copied as far as one of those may be long. */
  #capture(buffer: Buffer, start: number, end: number): number {
    for (let at = start; at < end; at++) {
      const byte = buffer[at] as number;
      if (this.#escaped) this.#escaped = false;
      else if (byte === backslash) this.#escaped = true;
      else if (byte === quote) {
        this.#endCaptured();
        return at + 1;
      }
      // An escape, too, is copied as it is: nothing known has one, so it makes an unknown of it.
      if (this.#capturedBytes < capturedBytesMax) this.#captured[this.#capturedBytes++] = byte;
    }
    return end;
  }

  #endCaptured(): void {
    this.#inString = false;
    if (this.#atKey) {
      this.#meaning = meaningOf(this.#place, this.#captured, this.#capturedBytes);
      return;
    }
    const value = this.#captured.subarray(0, this.#capturedBytes);
    if (this.#meaning?.mark === 'finish') this.finishReason = finishReasonOf(value);
    // Some servers say {"object":"error","message":…} and nothing of an `error` field.
    else if (value.equals(errorObject)) this.sawError = true;
  }

  /** Passes over content, by native search but for short strings. */
  #skip(buffer: Buffer, start: number, end: number): number {
    let at = start;
    if (this.#escaped) {
      this.#escaped = false;
      at++;
    }
    const near = Math.min(end, at + shortBytes);
    while (at < near) {
      const byte = buffer[at++] as number;
      if (byte === backslash) {
        if (at === end) this.#escaped = true;
        else at++;
      } else if (byte === quote) {
        this.#inString = false;
        return at;
      }
    }
    return at < end ? this.#skipFar(buffer, at, end) : end;
  }

  #skipFar(buffer: Buffer, start: number, end: number): number {
    for (let from = start; ; ) {
      const found = buffer.indexOf(quote, from);
      const stop = found === -1 || found >= end ? end : found;
      let backslashes = 0;
      while (stop - 1 - backslashes >= from && buffer[stop - 1 - backslashes] === backslash) backslashes++;
      const isEscaped = backslashes % 2 === 1;
      if (stop === end) {
        this.#escaped = isEscaped;
        return end;
      }
      if (!isEscaped) {
        this.#inString = false;
        return stop + 1;
      }
      from = stop + 1;
    }
  }

  #open(isObject: boolean): void {
    const place = this.#placeOfOpened(isObject);
    this.#depth++;
    if (this.#depth <= levelsMax) {
      this.#places[this.#depth - 1] = place;
      this.#isObject[this.#depth - 1] = isObject;
    }
    this.#atKey = isObject && this.#depth <= levelsMax;
    this.#meaning = undefined;
    if (place === 'usage' || place === 'groqUsage') this.#counts = {};
    if (place === 'choice' && !this.#sawChoice) {
      this.#sawChoice = true;
      this.documentsWithChoice++;
    }
  }

  #placeOfOpened(isObject: boolean): Place {
    if (this.#depth === 0) {
      this.complete = false;
      return isObject ? 'root' : 'elsewhere';
    }
    if (this.#place === 'choices') return isObject ? 'choice' : 'elsewhere';
    if (this.#meaning?.mark === 'error') this.sawError = true;
    return (isObject ? this.#meaning?.object : this.#meaning?.array) ?? 'elsewhere';
  }

  #close(): void {
    if (this.#depth === 0) return;
    const place = this.#place;
    this.#depth--;
    this.#atKey = false;
    this.#meaning = undefined;
    if (place === 'usage') this.usage = readingOf(this.#counts) ?? this.usage;
    if (place === 'groqUsage') this.#groqUsage = readingOf(this.#counts) ?? this.#groqUsage;
    if (this.#depth > 0) return;
    this.complete = true;
    // Groq says it at both places; its own one counts when the common one is missing.
    this.usage ??= this.#groqUsage;
  }
}
