const idleMax = 64;

/**
 * Buffers of one size, for reading or writing content. Only what was used of a buffer is overwritten, so whoever lends
 * one to others says how much that is.
 */
export class ByteBuffers {
  readonly #bytes: number;
  readonly #idle: Buffer[] = [];
  /** Buffers that are with others, and how many bytes from their start hold something. */
  readonly #lent = new Map<Buffer, number>();
  /** The one lent last stands here, as most loans end before the next one begins. */
  #latest: Buffer | undefined;
  #latestUsed = 0;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  /** A buffer with nothing in it that anybody wrote. */
  take(): Buffer {
    return this.#idle.pop() ?? Buffer.allocUnsafeSlow(this.#bytes);
  }

  /** From now on the buffer is somebody else's, with content in its first `used` bytes. */
  lend(buffer: Buffer, used: number): void {
    if (this.#latest !== undefined && this.#latest !== buffer) this.#lent.set(this.#latest, this.#latestUsed);
    if (this.#lent.size > 0) this.#lent.delete(buffer);
    this.#latest = buffer;
    this.#latestUsed = used;
  }

  /** Ends a loan to somebody who did not keep the buffer. False: it was given back, and may be in use again. */
  endLoan(buffer: Buffer): boolean {
    if (this.#latest !== buffer) return this.#lent.delete(buffer);
    this.#latest = undefined;
    return true;
  }

  /** Takes a lent buffer back and overwrites it. A second time changes nothing: it may be in use again. */
  give(buffer: Buffer): void {
    const used = this.#latest === buffer ? this.#latestUsed : this.#lent.get(buffer);
    if (used === undefined) return;
    this.endLoan(buffer);
    buffer.fill(0, 0, used);
    if (buffer.length === this.#bytes && this.#idle.length < idleMax) this.#idle.push(buffer);
  }
}
