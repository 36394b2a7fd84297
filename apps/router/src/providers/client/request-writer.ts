import type { Socket } from 'node:net';
import type { SplicedBody } from '../../http/types.js';

/** Requests up to this size leave in one write. */
const writeBufferBytes = 16 * 1024;

/** Writes requests to one connection, as Buffers only, and overwrites its own copy of what was written. */
export class RequestWriter {
  readonly #socket: Socket;
  readonly #secure: boolean;
  readonly #buffer = Buffer.allocUnsafeSlow(writeBufferBytes);

  constructor(socket: Socket, secure: boolean) {
    this.#socket = socket;
    this.#secure = secure;
  }

  /** Calls `onWritten` once all of it has left; not at all when the connection fails before. */
  write(head: string, body: SplicedBody, onWritten: () => void): void {
    let used = this.#buffer.write(head, 'latin1');
    const inOneWrite = used + body.bytesTotal <= writeBufferBytes;
    if (inOneWrite) for (const buffer of body.buffers) used += buffer.copy(this.#buffer, used);
    const first = this.#buffer.subarray(0, used);
    const buffers = inOneWrite ? [first] : [first, ...body.buffers];
    if (this.#secure) this.#writeInTurn(buffers, 0, onWritten);
    else this.#writeAtOnce(buffers, onWritten);
  }

  wipe(): void {
    this.#buffer.fill(0);
  }

  #writeAtOnce(buffers: readonly Buffer[], onWritten: () => void): void {
    const last = buffers.length - 1;
    this.#socket.cork();
    buffers.forEach((buffer, index) => {
      this.#socket.write(buffer, index === last ? (error) => this.#finish(error, onWritten) : undefined);
    });
    this.#socket.uncork();
  }

  /** TLS copies several buffers written together to a place that nobody overwrites; one at a time it does not. */
  #writeInTurn(buffers: readonly Buffer[], index: number, onWritten: () => void): void {
    this.#socket.write(buffers[index] as Buffer, (error) => {
      if (error == null && index + 1 < buffers.length) this.#writeInTurn(buffers, index + 1, onWritten);
      else this.#finish(error, onWritten);
    });
  }

  #finish(error: Error | null | undefined, onWritten: () => void): void {
    this.#buffer.fill(0);
    if (error == null) onWritten();
  }
}
