const bufferBytes = 32 * 1024;
const idleMax = 64;

/** Buffers that sockets read into: overwritten before they wait here for the next read. */
export class ReadBuffers {
  readonly #idle: Buffer[] = [];

  take(): Buffer {
    return this.#idle.pop() ?? Buffer.allocUnsafeSlow(bufferBytes);
  }

  /** Takes a buffer back and overwrites it. */
  give(buffer: Buffer): void {
    buffer.fill(0);
    // Given twice, it would be read into by two connections.
    const isOurs = buffer.length === bufferBytes && !this.#idle.includes(buffer);
    if (isOurs && this.#idle.length < idleMax) this.#idle.push(buffer);
  }
}
