import type { Socket } from 'node:net';
import { UpstreamError, type UpstreamFailure } from '../types.js';
import { BodyFraming } from './body-framing.js';
import type { Carrier, Exchange } from './exchange.js';
import { HeadReader } from './head-reader.js';
import { type Origin, openSocket } from './origin.js';
import type { ReadBuffers } from './read-buffers.js';
import { RequestWriter } from './request-writer.js';

interface ConnectionOptions {
  readonly origin: Origin;
  readonly headBytesMax: number;
  readonly buffers: ReadBuffers;
  /** The exchange is over and the connection may carry another one. */
  readonly onIdle: (connection: Connection, keepAliveMs: number | undefined) => void;
  readonly onClosed: (connection: Connection) => void;
  /** The exchange never reached the provider, because a kept connection was closed already. */
  readonly onStale: (exchange: Exchange) => void;
}

/** One connection to a provider. Carries one exchange at a time; any disagreement about framing closes it. */
export class Connection implements Carrier {
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #writer: RequestWriter;
  #buffer: Buffer;
  #exchange: Exchange | undefined;
  #head: HeadReader | undefined;
  #framing: BodyFraming | undefined;
  #reusable = true;
  #keepAliveMs: number | undefined;
  #ready = false;
  #carried = 0;
  #writing = false;
  #closed = false;
  /** Bytes of the current buffer that came before there was a sink. */
  #waitingStart = 0;
  #waitingEnd = 0;

  constructor(options: ConnectionOptions, exchange: Exchange) {
    this.#options = options;
    this.#buffer = options.buffers.take();
    this.#exchange = exchange;
    exchange.carriedBy(this);
    this.#socket = openSocket(
      options.origin,
      { buffer: () => this.#buffer, callback: (count) => this.#receive(count) },
      () => this.#becomeReady(),
    );
    this.#writer = new RequestWriter(this.#socket, options.origin.secure);
    this.#socket.on('error', () => undefined);
    this.#socket.on('end', () => this.#receiveEnd());
    this.#socket.on('close', () => this.#close(this.#ready ? 'reset' : 'unreachable'));
  }

  /** Starts another exchange on an idle connection. */
  carry(exchange: Exchange): void {
    this.#exchange = exchange;
    exchange.carriedBy(this);
    this.#ask(exchange);
  }

  cut(): void {
    this.#close('aborted');
  }

  readOn(): void {
    const { sink } = this.#exchange ?? {};
    if (this.#closed || sink === undefined) return;
    if (this.#waitingEnd > 0) {
      const [start, end] = [this.#waitingStart, this.#waitingEnd];
      this.#waitingEnd = 0;
      this.#receiveBody(start, end);
    }
    if (!this.#closed && this.#exchange?.paused !== true) this.#socket.resume();
  }

  #becomeReady(): void {
    this.#ready = true;
    if (this.#exchange !== undefined && !this.#closed) this.#ask(this.#exchange);
  }

  #ask(exchange: Exchange): void {
    this.#head = new HeadReader(this.#options.headBytesMax);
    this.#framing = undefined;
    this.#reusable = true;
    this.#writing = true;
    this.#carried++;
    exchange.asks();
    this.#writer.write(exchange.requestHead, exchange.requestBody, () => {
      this.#writing = false;
      exchange.asked();
    });
    // An error that is there at once means that the kernel has taken nothing: a kept connection was closed meanwhile.
    if (this.#carried > 1 && !exchange.retried && (this.#socket.errored !== null || this.#socket.destroyed)) {
      this.#exchange = undefined;
      this.#close('reset');
      this.#options.onStale(exchange);
    }
  }

  /** Bytes [0, count) of the buffer were read. Returns whether to read on. */
  #receive(count: number): boolean {
    const exchange = this.#exchange;
    if (this.#closed) return false;
    if (exchange === undefined) {
      // Nobody asked: it must not be taken for the answer to the next request.
      this.#close('reset');
      return false;
    }
    try {
      const at = this.#framing === undefined ? this.#receiveHead(exchange, count) : 0;
      if (this.#framing === undefined) this.#buffer.fill(0, 0, count);
      else this.#receiveBody(at, count);
    } catch (error) {
      exchange.fail(error instanceof UpstreamError ? error.failure : 'malformed');
    }
    return !this.#closed && this.#waitingEnd === 0 && this.#exchange?.paused !== true;
  }

  #receiveHead(exchange: Exchange, count: number): number {
    const reader = this.#head as HeadReader;
    const at = reader.read(this.#buffer, 0, count);
    if (reader.head === undefined) return at;
    reader.wipe();
    this.#framing = new BodyFraming(reader.head.framing);
    this.#reusable = reader.head.reusable;
    this.#keepAliveMs = reader.head.keepAliveMs;
    exchange.answered(reader.head);
    return at;
  }

  #receiveBody(at: number, count: number): void {
    const exchange = this.#exchange as Exchange;
    const framing = this.#framing as BodyFraming;
    if (exchange.sink === undefined && !(framing.complete && at === count)) {
      if (at < count) {
        this.#waitingStart = at;
        this.#waitingEnd = count;
      }
      return;
    }
    const next = this.#read(framing, at, count, exchange);
    if (framing.payloadEnd > framing.payloadStart) this.#deliver(exchange, framing);
    else this.#buffer.fill(0, 0, count);
    if (this.#closed) return;
    exchange.moved();
    if (framing.complete) this.#complete(exchange, next === count);
  }

  /** Takes the framing off. Broken framing ends the body, but what came before it is still delivered. */
  #read(framing: BodyFraming, at: number, count: number, exchange: Exchange): number {
    try {
      return framing.read(this.#buffer, at, count);
    } catch {
      if (framing.payloadEnd > framing.payloadStart) this.#deliver(exchange, framing);
      throw new UpstreamError('malformed', true);
    }
  }

  #deliver(exchange: Exchange, framing: BodyFraming): void {
    const buffer = this.#buffer;
    const verdict = exchange.sink?.data(buffer, framing.payloadStart, framing.payloadEnd) ?? 'continue';
    if (verdict === 'continue') {
      buffer.fill(0);
      return;
    }
    // The sink keeps this buffer until it releases it; the next read goes elsewhere.
    this.#buffer = this.#options.buffers.take();
    if (verdict === 'pause') exchange.paused = true;
  }

  #complete(exchange: Exchange, exactly: boolean): void {
    this.#exchange = undefined;
    exchange.complete();
    // A response that is over before its request, or with more behind it, leaves the connection in doubt.
    if (!exactly || !this.#reusable || this.#writing) this.#close('reset');
    else {
      this.#socket.resume();
      this.#options.onIdle(this, this.#keepAliveMs);
    }
  }

  #receiveEnd(): void {
    const exchange = this.#exchange;
    if (exchange !== undefined && this.#framing?.endsWithConnection === true) {
      this.#exchange = undefined;
      exchange.complete();
    }
    this.#close('reset');
  }

  #close(failure: UpstreamFailure): void {
    if (this.#closed) return;
    this.#closed = true;
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#socket.destroy();
    this.#head?.wipe();
    this.#writer.wipe();
    this.#options.buffers.give(this.#buffer);
    exchange?.fail(failure);
    this.#options.onClosed(this);
  }
}
