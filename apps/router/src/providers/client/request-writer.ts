import type { Socket } from 'node:net';
import type { SplicedBody } from '../../http/types.js';
import type { ByteBuffers } from './byte-buffers.js';

/** Requests up to this size, head and body, leave in one write. */
export const writeBufferBytes = 16 * 1024;

interface RequestWriterOptions {
  readonly socket: Socket;
  readonly secure: boolean;
  readonly buffers: ByteBuffers;
  /** All of a request has left. Not called when the connection fails before. */
  readonly onWritten: () => void;
}

/** Writes requests to one connection, one at a time, as Buffers only, and overwrites its own copy of what was written. */
export class RequestWriter {
  readonly #options: RequestWriterOptions;
  #buffer: Buffer | undefined;
  /** The socket has been given the last of a request, and only has to say that it has left. */
  isHandedOver = false;
  readonly #finish = (error?: Error | null): void => {
    this.wipe();
    if (error == null) this.#options.onWritten();
  };

  constructor(options: RequestWriterOptions) {
    this.#options = options;
  }

  /** `head`: up to the value of its last header, which is the body's length. */
  write(head: Buffer, body: SplicedBody): void {
    const { socket, secure, buffers } = this.#options;
    const buffer = buffers.take();
    buffer.set(head);
    let used = head.length;
    used += buffer.write(`${body.bytesTotal}\r\n\r\n`, used, 'latin1');
    const inOneWrite = used + body.bytesTotal <= writeBufferBytes;
    if (inOneWrite) {
      for (const part of body.buffers) {
        buffer.set(part, used);
        used += part.length;
      }
    }
    this.#buffer = buffer;
    buffers.lend(buffer, used);
    const first = buffer.subarray(0, used);
    this.isHandedOver = inOneWrite;
    if (inOneWrite) socket.write(first, this.#finish);
    else if (secure) this.#writeInTurn([first, ...body.buffers], 0);
    else this.#writeAtOnce(first, body.buffers);
  }

  /** Overwrites what is still here of a request. */
  wipe(): void {
    if (this.#buffer !== undefined) this.#options.buffers.give(this.#buffer);
    this.#buffer = undefined;
  }

  #writeAtOnce(first: Buffer, rest: readonly Buffer[]): void {
    const { socket } = this.#options;
    const last = rest.length - 1;
    socket.cork();
    socket.write(first);
    for (let index = 0; index < last; index++) socket.write(rest[index] as Buffer);
    socket.write(rest[last] as Buffer, this.#finish);
    socket.uncork();
  }

  /** TLS copies several buffers written together to a place that nobody overwrites; one at a time it does not. */
  #writeInTurn(buffers: readonly Buffer[], index: number): void {
    this.isHandedOver = index + 1 === buffers.length;
    this.#options.socket.write(buffers[index] as Buffer, (error) => {
      if (error == null && index + 1 < buffers.length) this.#writeInTurn(buffers, index + 1);
      else this.#finish(error);
    });
  }
}
