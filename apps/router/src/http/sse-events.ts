const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** Finds where server-sent events end, over any cuts: after an empty line, with or without carriage returns. */
export class EventEnds {
  /** Bytes of the line being read; 1 with `#onlyReturn` is still an empty line. */
  #lineBytes = 0;
  #onlyReturn = false;

  /** The offset after the first event that ends within [start, end), or -1 when none does. */
  next(buffer: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end) {
      const found = buffer.indexOf(lineFeed, at);
      const stop = found === -1 || found >= end ? end : found;
      if (this.#lineBytes === 0 && stop > at) this.#onlyReturn = buffer[at] === carriageReturn;
      this.#lineBytes += stop - at;
      if (stop === end) return -1;
      const isEmpty = this.#lineBytes === 0 || (this.#lineBytes === 1 && this.#onlyReturn);
      this.#lineBytes = 0;
      at = stop + 1;
      if (isEmpty) return at;
    }
    return -1;
  }
}

/** Bytes that wait, copied, in a Buffer of their own that grows and is overwritten. */
export class Carry {
  #buffer = Buffer.alloc(0);
  bytes = 0;

  append(buffer: Buffer, start: number, end: number): void {
    const needed = this.bytes + end - start;
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(4_096, needed * 2));
      this.#buffer.copy(larger, 0, 0, this.bytes);
      this.#buffer.fill(0);
      this.#buffer = larger;
    }
    this.bytes += buffer.copy(this.#buffer, this.bytes, start, end);
  }

  /** Hands the bytes over; the next ones go to a new Buffer. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.bytes);
    this.#buffer = Buffer.alloc(0);
    this.bytes = 0;
    return taken;
  }

  get view(): Buffer {
    return this.#buffer.subarray(0, this.bytes);
  }

  wipe(): void {
    this.#buffer.fill(0);
    this.bytes = 0;
  }
}
