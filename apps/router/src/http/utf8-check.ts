import { isUtf8 } from 'node:buffer';

/** Bytes of the character that begins with this byte; 1 for what cannot begin a longer one. */
const lengthFrom = (first: number): number => {
  if (first < 0xc2 || first > 0xf4) return 1;
  return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
};

/** How many bytes before `end` are the begun, unfinished form of one character: 0 to 3. */
const unfinishedTail = (bytes: Buffer, end: number): number => {
  for (let back = 1; back <= 3 && back <= end; back++) {
    const byte = bytes[end - back] as number;
    if ((byte & 0xc0) !== 0x80) return lengthFrom(byte) > back ? back : 0;
  }
  return 0;
};

const isUtf8Upto = (bytes: Buffer, start: number, end: number): boolean => {
  const view = bytes.subarray(start, end);
  return isUtf8(view.subarray(0, view.length - unfinishedTail(view, view.length)));
};

/** Checks that chunks joined together are UTF-8, whatever they are cut at. A character cut off by the end passes. */
export class Utf8Check {
  readonly #pending = Buffer.alloc(4);
  #pendingBytes = 0;

  /** The offset within `chunk` by which the text is no UTF-8, or -1 when it is well so far. */
  feed(chunk: Buffer): number {
    const joined = this.#pendingBytes > 0 ? this.#join(chunk) : 0;
    if (joined < 0) return 0;
    if (joined === chunk.length) return -1;
    if (!isUtf8Upto(chunk, joined, chunk.length)) return firstFault(chunk, joined);
    const tail = unfinishedTail(chunk, chunk.length);
    chunk.copy(this.#pending, 0, chunk.length - tail);
    this.#pendingBytes = tail;
    return -1;
  }

  wipe(): void {
    this.#pending.fill(0);
  }

  /** Goes on with the pending character. Returns the bytes taken from the chunk, or -1 when it is no character. */
  #join(chunk: Buffer): number {
    const length = lengthFrom(this.#pending[0] as number);
    let taken = 0;
    while (taken < chunk.length && this.#pendingBytes < length) {
      const byte = chunk[taken++] as number;
      if ((byte & 0xc0) !== 0x80) return -1;
      this.#pending[this.#pendingBytes++] = byte;
    }
    if (this.#pendingBytes < length) return taken;
    this.#pendingBytes = 0;
    return isUtf8(this.#pending.subarray(0, length)) ? taken : -1;
  }
}

/** The end of the shortest prefix that is no UTF-8, by halving: only called when there is one. */
const firstFault = (chunk: Buffer, start: number): number => {
  let good = start;
  let bad = chunk.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isUtf8Upto(chunk, start, middle)) good = middle;
    else bad = middle;
  }
  return bad - 1;
};
