import { ScanFault } from '../scan-fault.js';

const quote = 0x22;
const backslash = 0x5c;
const inPlain = 0;
const inEscape = 1;
const inHex = 2;

/** 1 for the bytes that end a run of plain string characters: the quote, the backslash and control characters. */
export const endsPlainRun = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte === quote || byte === backslash ? 1 : 0,
);
const isSimpleEscape = Uint8Array.from({ length: 256 }, (_, byte) =>
  '"\\/bfnrt'.includes(String.fromCharCode(byte)) ? 1 : 0,
);

const hexDigit = (byte: number): number => {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
};

/** Walks the inside of a JSON string, over any cuts. `base` is the offset of the chunk in the document. */
export class StringWalk {
  #state = inPlain;
  #unit = 0;
  #digits = 0;
  #highOpen = false;
  /** True when the last walk() met the closing quote. */
  closed = false;

  begin(): void {
    this.#state = inPlain;
    this.closed = false;
  }

  /** Walks on from `at`; returns the offset after what belongs to the string. Throws ScanFault. */
  walk(chunk: Buffer, at: number, base: number): number {
    const end = chunk.length;
    let next = at;
    while (next < end) {
      const from = next;
      if (this.#state !== inPlain) {
        this.#walkEscape(chunk[next] as number, base + next);
        next++;
        continue;
      }
      while (next < end && endsPlainRun[chunk[next] as number] === 0) next++;
      if (this.#highOpen && next > from) throw new ScanFault('caller.lone_surrogate', base + from);
      if (next === end) break;
      const byte = chunk[next] as number;
      if (byte === backslash) {
        this.#state = inEscape;
      } else if (byte === quote) {
        if (this.#highOpen) throw new ScanFault('caller.lone_surrogate', base + next);
        this.closed = true;
        return next + 1;
      } else throw new ScanFault('caller.malformed_json', base + next);
      next++;
    }
    return next;
  }

  #walkEscape(byte: number, offset: number): void {
    if (this.#state === inHex) {
      this.#walkHex(byte, offset);
    } else if (byte === 0x75) {
      this.#state = inHex;
      this.#unit = 0;
      this.#digits = 0;
    } else {
      if (isSimpleEscape[byte] === 0) throw new ScanFault('caller.malformed_json', offset);
      if (this.#highOpen) throw new ScanFault('caller.lone_surrogate', offset);
      this.#state = inPlain;
    }
  }

  #walkHex(byte: number, offset: number): void {
    const digit = hexDigit(byte);
    if (digit < 0) throw new ScanFault('caller.malformed_json', offset);
    this.#unit = this.#unit * 16 + digit;
    if (++this.#digits < 4) return;
    this.#state = inPlain;
    const isLow = this.#unit >= 0xdc00 && this.#unit <= 0xdfff;
    if (isLow !== this.#highOpen) throw new ScanFault('caller.lone_surrogate', offset);
    this.#highOpen = this.#unit >= 0xd800 && this.#unit <= 0xdbff;
  }
}
