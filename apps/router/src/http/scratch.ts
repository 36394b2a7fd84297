const scratchBytes = 64 * 1024;
const idleMax = 32;
/** Overwritten Buffers that wait for the next write. */
const idle: Buffer[] = [];

/** Bytes put together for one write, in a Buffer that many responses use one after the other. */
export class Scratch {
  static readonly bytesMax = scratchBytes;
  readonly #buffer = idle.pop() ?? Buffer.allocUnsafeSlow(scratchBytes);
  bytes = 0;

  /** How many bytes still fit. */
  get room(): number {
    return scratchBytes - this.bytes;
  }

  get view(): Buffer {
    return this.#buffer.subarray(0, this.bytes);
  }

  text(latin1: string): void {
    this.bytes += this.#buffer.write(latin1, this.bytes, 'latin1');
  }

  lineEnd(): void {
    this.#buffer[this.bytes++] = 0x0d;
    this.#buffer[this.bytes++] = 0x0a;
  }

  copy(buffer: Buffer, start: number, end: number): void {
    this.bytes += buffer.copy(this.#buffer, this.bytes, start, end);
  }

  /** Overwrites what was in it, and gives the Buffer back. Called once. */
  release(): void {
    this.#buffer.fill(0, 0, this.bytes);
    this.bytes = 0;
    if (idle.length < idleMax) idle.push(this.#buffer);
  }
}
