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

  /** Writes a short text if it fits and all of it is printable ASCII; a native call costs more than its characters. */
  printable(text: string): boolean {
    const { length } = text;
    if (length > this.room) return false;
    const buffer = this.#buffer;
    let to = this.bytes;
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at);
      if (code < 0x20 || code > 0x7e) return false;
      buffer[to++] = code;
    }
    this.bytes = to;
    return true;
  }

  /** Writes a header line, as far as printable() does. */
  header(name: string, value: string): boolean {
    return this.printable(name) && this.printable(': ') && this.printable(value) && this.lineEnd();
  }

  lineEnd(): boolean {
    if (this.room < 2) return false;
    this.#buffer[this.bytes++] = 0x0d;
    this.#buffer[this.bytes++] = 0x0a;
    return true;
  }

  /** Overwrites what was in it, and begins anew. */
  clear(): void {
    this.#buffer.fill(0, 0, this.bytes);
    this.bytes = 0;
  }

  copy(buffer: Buffer, start: number, end: number): void {
    this.bytes += buffer.copy(this.#buffer, this.bytes, start, end);
  }

  /** Overwrites what was in it, and gives the Buffer back. Called once. */
  release(): void {
    this.clear();
    if (idle.length < idleMax) idle.push(this.#buffer);
  }
}
