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

/** Bytes [start, end) of a body that came before anybody took them. */
interface Waiting {
  readonly buffer: Buffer;
  readonly start: number;
  readonly end: number;
}

/** One connection to a provider. Carries one exchange at a time; any disagreement about framing closes it. */
export class Connection implements Carrier {
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #writer: RequestWriter;
  readonly #waiting: Waiting[] = [];
  #buffer: Buffer;
  #exchange: Exchange | undefined;
  #head: HeadReader | undefined;
  #framing: BodyFraming | undefined;
  #reusable = true;
  #keepAliveMs: number | undefined;
  #ready = false;
  #carried = 0;
  #writing = false;
  #peerEnded = false;
  #socketGone = false;
  #closed = false;

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
    this.#socket.on('end', () => {
      this.#peerEnded = true;
      this.#concludeWhenGone();
    });
    this.#socket.on('close', () => this.#forgetSocket());
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
    while (!this.#closed && this.#takesNow()) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) break;
      this.#takeWaiting(waiting);
    }
    if (this.#closed || this.#exchange?.paused === true) return;
    this.#concludeWhenGone();
    if (!this.#closed) this.#socket.resume();
  }

  #takesNow(): boolean {
    return this.#exchange?.sink !== undefined && !this.#exchange.paused;
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
    const failedAtOnce = this.#socket.errored !== null || this.#socket.destroyed;
    if (!failedAtOnce || this.#carried === 1 || exchange.retried) return;
    this.#exchange = undefined;
    this.#close('reset');
    this.#options.onStale(exchange);
  }

  /** Bytes [0, count) of the buffer were read. Returns whether to read on. */
  #receive(count: number): boolean {
    const exchange = this.#exchange;
    if (this.#closed || exchange === undefined) {
      this.#buffer.fill(0, 0, count);
      // Nobody asked: it must not be taken for the answer to the next request.
      this.#close('reset');
      return false;
    }
    try {
      const at = this.#framing === undefined ? this.#receiveHead(exchange, count) : 0;
      this.#receiveBody(exchange, at, count);
    } catch (error) {
      this.#buffer.fill(0, 0, count);
      exchange.fail(error instanceof UpstreamError ? error.failure : 'malformed');
    }
    return !this.#closed && this.#waiting.length === 0 && this.#exchange?.paused !== true;
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

  #receiveBody(exchange: Exchange, at: number, count: number): void {
    if (at === count && this.#framing?.complete !== true) {
      this.#buffer.fill(0, 0, count);
      return;
    }
    // TLS hands over what it has decrypted even after a pause.
    const takesNow = this.#waiting.length === 0 && this.#takesNow();
    if (takesNow || at === count) {
      this.#take(exchange, this.#buffer, at, count);
      return;
    }
    this.#waiting.push({ buffer: this.#buffer, start: at, end: count });
    this.#buffer = this.#options.buffers.take();
  }

  #takeWaiting({ buffer, start, end }: Waiting): void {
    const exchange = this.#exchange as Exchange;
    try {
      const held = this.#take(exchange, buffer, start, end);
      if (!held) this.#options.buffers.give(buffer);
    } catch {
      this.#options.buffers.give(buffer);
      exchange.fail('malformed');
    }
  }

  /** Takes the framing off and gives the payload to the sink. True when the sink has kept the buffer. */
  #take(exchange: Exchange, buffer: Buffer, start: number, end: number): boolean {
    const framing = this.#framing as BodyFraming;
    let held = false;
    let next = start;
    try {
      next = framing.read(buffer, start, end);
    } finally {
      // Broken framing ends a body, but what came before it is still delivered.
      if (framing.payloadEnd > framing.payloadStart) held = this.#deliver(exchange, buffer, framing);
      else buffer.fill(0, 0, end);
    }
    if (this.#closed) return held;
    exchange.moved();
    if (framing.complete) this.#complete(exchange, next === end && this.#waiting.length === 0);
    return held;
  }

  #deliver(exchange: Exchange, buffer: Buffer, framing: BodyFraming): boolean {
    const verdict = exchange.sink?.data(buffer, framing.payloadStart, framing.payloadEnd) ?? 'continue';
    if (verdict === 'continue') {
      buffer.fill(0);
      return false;
    }
    // The sink keeps this buffer until it releases it; the next read goes elsewhere.
    if (buffer === this.#buffer) this.#buffer = this.#options.buffers.take();
    if (verdict === 'pause') exchange.paused = true;
    return true;
  }

  #complete(exchange: Exchange, exactly: boolean): void {
    this.#exchange = undefined;
    exchange.complete();
    // A response that is over before its request, or with more behind it, leaves the connection in doubt.
    if (!exactly || !this.#reusable || this.#writing || this.#peerEnded) this.#close('reset');
    else {
      this.#socket.resume();
      this.#options.onIdle(this, this.#keepAliveMs);
    }
  }

  /** The provider has closed: over, once everything that came before has been taken. */
  #concludeWhenGone(): void {
    if (this.#closed || !(this.#peerEnded || this.#socketGone) || this.#waiting.length > 0) return;
    const exchange = this.#exchange;
    if (exchange !== undefined && this.#peerEnded && this.#framing?.endsWithConnection === true) {
      this.#exchange = undefined;
      exchange.complete();
    }
    this.#close(this.#ready ? 'reset' : 'unreachable');
  }

  #close(failure: UpstreamFailure): void {
    if (this.#closed) return;
    this.#closed = true;
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#socket.destroy();
    this.#head?.wipe();
    this.#writer.wipe();
    for (const { buffer } of this.#waiting.splice(0)) this.#options.buffers.give(buffer);
    exchange?.fail(failure);
    if (this.#socketGone) this.#options.buffers.give(this.#buffer);
    this.#options.onClosed(this);
  }

  /** Only now can nothing be read into the buffer any more, so only now may another connection have it. */
  #forgetSocket(): void {
    this.#socketGone = true;
    if (this.#closed) this.#options.buffers.give(this.#buffer);
    else this.#concludeWhenGone();
  }
}
