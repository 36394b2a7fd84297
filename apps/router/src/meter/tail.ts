/** How far back from its end a stream can be read. An event above this is walked as it passes. */
export const tailBytesMax = 8 * 1024;
const capacity = 2 * tailBytesMax;
const idleMax = 64;
/** Overwritten Buffers that wait for the next stream. */
const idle: Buffer[] = [];

/** A copy of the last bytes of a stream, with an event that has not ended always whole in it. */
export class Tail {
  #buffer: Buffer | undefined;
  #used = 0;
  bytes = 0;
  /** Its first byte begins an event. */
  isWhole = true;

  /** Valid until the next append(). */
  get buffer(): Buffer {
    this.#buffer ??= idle.pop() ?? Buffer.alloc(capacity);
    return this.#buffer;
  }

  /** Appends [start, end), at most tailBytesMax bytes. */
  append(buffer: Buffer, start: number, end: number): void {
    const own = this.buffer;
    if (this.bytes + end - start > capacity) {
      own.copyWithin(0, this.bytes - tailBytesMax, this.bytes);
      this.bytes = tailBytesMax;
      this.isWhole = false;
    }
    this.bytes += buffer.copy(own, this.bytes, start, end);
    if (this.bytes > this.#used) this.#used = this.bytes;
  }

  /** Begins anew at the border of an event. */
  clear(isWhole: boolean): void {
    this.bytes = 0;
    this.isWhole = isWhole;
  }

  /** Overwrites what was copied, and gives the Buffer back. */
  wipe(): void {
    const own = this.#buffer;
    if (own === undefined) return;
    own.fill(0, 0, this.#used);
    this.#buffer = undefined;
    this.#used = 0;
    this.bytes = 0;
    if (idle.length < idleMax) idle.push(own);
  }
}
