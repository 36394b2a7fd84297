import { isUtf8 } from 'node:buffer';

/** Bytes of the character that begins with this byte; 1 for what cannot begin a longer one. */
const lengthFrom = (first: number): number => {
  if (first < 0xc2 || first > 0xf4) return 1;
  return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
};

/** How many of the last bytes are the begun, unfinished form of one character: 0 to 3. */
const unfinishedTail = (bytes: Buffer): number => {
  const end = bytes.length;
  for (let back = 1; back <= 3 && back <= end; back++) {
    const byte = bytes[end - back] as number;
    if ((byte & 0xc0) !== 0x80) return lengthFrom(byte) > back ? back : 0;
  }
  return 0;
};

/** Checks that chunks joined together are UTF-8, whatever they are cut at. A character cut off by the end passes. */
export class Utf8Check {
  #left = 0;
  #lowest = 0x80;
  #highest = 0xbf;

  /** Within a character. */
  get open(): boolean {
    return this.#left > 0;
  }

  /** The offset within `bytes` of the first byte that no UTF-8 text can go on with, or -1. */
  feed(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length && this.#left > 0) {
      if (!this.#take(bytes[at] as number)) return at;
      at++;
    }
    // Node's own check is the fast one but says only yes or no, and takes a cut character for a wrong one.
    const rest = bytes.subarray(at);
    const whole = rest.length - unfinishedTail(rest);
    if (isUtf8(rest.subarray(0, whole))) at += whole;
    for (; at < bytes.length; at++) if (!this.#take(bytes[at] as number)) return at;
    return -1;
  }

  #take(byte: number): boolean {
    if (this.#left > 0) {
      if (byte < this.#lowest || byte > this.#highest) return false;
      this.#left--;
      this.#lowest = 0x80;
      this.#highest = 0xbf;
      return true;
    }
    if (byte < 0x80) return true;
    const length = lengthFrom(byte);
    if (length === 1) return false;
    this.#left = length - 1;
    // No overlong forms, no surrogates, nothing beyond U+10FFFF.
    if (byte === 0xe0) this.#lowest = 0xa0;
    else if (byte === 0xed) this.#highest = 0x9f;
    else if (byte === 0xf0) this.#lowest = 0x90;
    else if (byte === 0xf4) this.#highest = 0x8f;
    return true;
  }
}
