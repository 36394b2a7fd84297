const none = Buffer.alloc(0);

/** Bytes that wait, copied, in a Buffer of their own that grows and is overwritten. */
export class Carry {
  #buffer = none;
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
    this.#buffer = none;
    this.bytes = 0;
    return taken;
  }

  wipe(): void {
    this.#buffer.fill(0);
    this.bytes = 0;
  }
}
