import type { MemoryNeedle } from './dense-canary.js';

export type MemoryEncoding = 'latin1' | 'utf16le';
export const memoryEncodings: readonly MemoryEncoding[] = ['latin1', 'utf16le'];

/** Finds runs of one needle in one encoding. ASCII is the same in Latin-1 and UTF-8. */
export class RunSearch {
  readonly needle: MemoryNeedle;
  readonly encoding: MemoryEncoding;
  readonly #unit: Buffer;
  readonly #runBytesMin: number;

  constructor(needle: MemoryNeedle, encoding: MemoryEncoding) {
    this.needle = needle;
    this.encoding = encoding;
    this.#unit = Buffer.from(needle.unit, encoding);
    this.#runBytesMin = needle.runCharactersMin * (encoding === 'latin1' ? 1 : 2);
  }

  /** The shortest run that counts, in bytes: windows must overlap by as much. */
  get runBytesMin(): number {
    return this.#runBytesMin;
  }

  /** Calls `onRun` with [start, end) of each run that is long enough and ends after `from`. */
  search(bytes: Buffer, from: number, onRun: (start: number, end: number) => void): void {
    let at = bytes.indexOf(this.#unit);
    while (at !== -1) {
      const [start, end] = this.#extend(bytes, at);
      if (end - start >= this.#runBytesMin && end > from) onRun(start, end);
      at = bytes.indexOf(this.#unit, end);
    }
  }

  #extend(bytes: Buffer, at: number): [start: number, end: number] {
    const { length } = this.#unit;
    let start = at;
    while (start > 0 && bytes[start - 1] === bytes[start - 1 + length]) start--;
    let end = at + length;
    while (end < bytes.length && bytes[end] === bytes[end - length]) end++;
    return [start, end];
  }
}
