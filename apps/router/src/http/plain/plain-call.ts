import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { LetheError } from '@lethe/service-kit';
import type { CallerRequest, CallerResponse, Credentials } from '../caller.js';
import { type BodyFrame, writeHead } from '../plain-head.js';
import type { Scratch } from '../scratch.js';

type Listener = () => void;

/** What a call needs of the connection that carries it. */
export interface PlainCarrier {
  readonly socket: Socket;
  readonly keepIdleMsMax: number;
  /** The answer is with the kernel, and the connection may carry another call, or closes. */
  finished(closes: boolean): void;
}

/** Two listeners where one stands; most events have one. */
const both = (first: Listener | undefined, second: Listener): Listener => {
  if (first === undefined) return second;
  return () => {
    first();
    second();
  };
};

const nothing = Buffer.alloc(0);
const headerText = /^[\t\x20-\x7e\x80-\xff]*$/;
const chunkedEnd = 'Transfer-Encoding: chunked\r\n\r\n';

/**
 * A request that was read here, and its answer: what the handlers need of Node's two objects, in one that is cheap.
 * Body bytes go to the listener of `data` as they come; nothing is kept.
 */
export class PlainCall implements CallerRequest, CallerResponse {
  readonly #carrier: PlainCarrier;
  #whole: Buffer | undefined;
  #onData: ((chunk: Buffer) => void) | undefined;
  #onEnd: Listener | undefined;
  #onClose: Listener | undefined;
  #onFinish: Listener | undefined;
  #head = '';
  #closes = false;
  readonly socket: Socket;
  statusCode = 200;
  complete = false;
  destroyed = false;
  readableEnded = false;
  headersSent = false;
  writableEnded = false;
  writableFinished = false;

  constructor(
    carrier: PlainCarrier,
    readonly rawHeaders: readonly string[],
    readonly credentials: Credentials,
  ) {
    this.#carrier = carrier;
    this.socket = carrier.socket;
  }

  get req(): this {
    return this;
  }

  on(event: string, listener: (chunk: never) => void): this {
    switch (event) {
      case 'data': {
        const [before, next] = [this.#onData, listener as (chunk: Buffer) => void];
        this.#onData =
          before === undefined
            ? next
            : (chunk) => {
                before(chunk);
                next(chunk);
              };
        break;
      }
      case 'end':
        this.#onEnd = both(this.#onEnd, listener as Listener);
        break;
      case 'close':
        this.#onClose = both(this.#onClose, listener as Listener);
        break;
      case 'finish':
        this.#onFinish = both(this.#onFinish, listener as Listener);
    }
    return this;
  }

  /** No event but `data` comes twice. */
  once(event: string, listener: (argument: never) => void): this {
    return this.on(event, listener);
  }

  resume(): void {
    // Bytes are never kept back.
  }

  takeWhole(): Buffer | undefined {
    const whole = this.#whole;
    this.#whole = undefined;
    this.readableEnded = whole !== undefined;
    return whole;
  }

  /** All of the body came with the head. The listeners get it, unless the handler takes it. */
  handle(whole: Buffer | undefined, handler: (call: this) => void): void {
    this.#whole = whole;
    this.complete = whole !== undefined;
    handler(this);
    const untaken = this.#whole;
    this.#whole = undefined;
    if (untaken !== undefined) this.received(untaken, true);
  }

  /** A part of the body has come, in a Buffer of its own that is the listener's. */
  received(chunk: Buffer, isLast: boolean): void {
    this.complete = isLast;
    if (this.#onData === undefined) chunk.fill(0);
    else this.#onData(chunk);
    if (!isLast) return;
    this.readableEnded = true;
    this.#onEnd?.();
  }

  /**
   * Begins an answer whose body somebody else writes to the socket: gathers its head, and says how the body is framed.
   * Throws LetheError gateway.internal for a header that HTTP cannot carry.
   */
  begin(scratch: Scratch, status: number, headers: readonly string[]): BodyFrame | 'none' {
    this.statusCode = status;
    this.headersSent = true;
    if (status !== 204 && status !== 304) {
      const keptSeconds = Math.floor(this.#carrier.keepIdleMsMax / 1_000);
      const frame = writeHead(scratch, status, headers, { date: true, keptSeconds });
      if (frame !== undefined) return frame;
    }
    this.writeHead(status, headers);
    const isSized = headers.includes('content-length');
    const frame = status === 204 || status === 304 ? 'none' : isSized ? 'length' : 'chunked';
    const head = frame === 'chunked' ? this.#head.replace(/\r\n$/, chunkedEnd) : this.#head;
    this.#head = '';
    if (head.length > scratch.room) throw new LetheError('gateway.internal');
    scratch.text(head);
    return frame;
  }

  writeHead(status: number, headers: readonly string[]): void {
    this.statusCode = status;
    this.headersSent = true;
    const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}`];
    for (let at = 0; at < headers.length; at += 2) {
      const line = `${headers[at]}: ${headers[at + 1]}`;
      if (!headerText.test(line)) throw new LetheError('gateway.internal');
      lines.push(line);
      this.#closes ||= line === 'connection: close';
    }
    lines.push(`Date: ${new Date().toUTCString()}`);
    if (!this.#closes) lines.push('Connection: keep-alive');
    this.#head = `${lines.join('\r\n')}\r\n\r\n`;
  }

  write(text: string): void {
    const head = Buffer.from(this.#head, 'latin1');
    this.#head = '';
    this.socket.write(Buffer.concat([head, Buffer.from(text)]));
  }

  end(text = ''): void {
    if (this.writableEnded) return;
    this.writableEnded = true;
    if (text !== '' || this.#head !== '') this.write(text);
    if (this.socket.writableLength === 0) this.#finish();
    else this.socket.write(nothing, () => this.#finish());
  }

  destroy(): void {
    this.socket.destroy();
    this.closed();
  }

  /** The connection is gone. */
  closed(): void {
    if (this.destroyed || this.writableFinished) return;
    this.destroyed = true;
    this.#onClose?.();
  }

  #finish(): void {
    if (this.destroyed) return;
    this.writableFinished = true;
    this.#onFinish?.();
    // A body that nobody waited for is not taken for the next request.
    this.#carrier.finished(this.#closes || !this.complete);
  }
}
