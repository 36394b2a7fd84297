import type { CoarseTimer, Deadline } from '@lethe/service-kit';
import { UpstreamError, type UpstreamFailure } from '../types.js';
import { BodyFraming } from './body-framing.js';
import type { ByteBuffers } from './byte-buffers.js';
import type { Carrier, Exchange } from './exchange.js';
import { HeadReader } from './head-reader.js';
import { Link, type LinkRoute } from './link.js';
import { RequestWriter } from './request-writer.js';

export interface ConnectionOptions {
  readonly route: LinkRoute;
  readonly headBytesMax: number;
  readonly timer: CoarseTimer;
  readonly readBuffers: ByteBuffers;
  readonly writeBuffers: ByteBuffers;
  /** The exchange is over and the connection may carry another one. */
  readonly onIdle: (connection: Connection) => void;
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
  readonly deadline: Deadline;
  /** How long the provider keeps it idle, as it last said. */
  keepAliveMs: number | undefined;
  readonly #options: ConnectionOptions;
  readonly #link: Link;
  readonly #head: HeadReader;
  readonly #waiting: Waiting[] = [];
  #writer: RequestWriter | undefined;
  #buffer: Buffer;
  #exchange: Exchange | undefined;
  #framing: BodyFraming | undefined;
  #reusable = true;
  #carried = 0;
  #writing = false;
  #readsOn = true;
  #peerEnded = false;
  #linkGone = false;
  #closed = false;

  constructor(options: ConnectionOptions, exchange: Exchange) {
    this.#options = options;
    this.#buffer = options.readBuffers.take();
    this.#head = new HeadReader(options.headBytesMax);
    this.#exchange = exchange;
    this.deadline = options.timer.start(Number.POSITIVE_INFINITY, () => this.#timeout());
    exchange.carriedBy(this);
    this.#link = new Link(options.route, {
      buffer: () => this.#buffer,
      read: (buffer, count) => this.#receive(buffer, count),
      ready: (socket) => {
        this.#writer = new RequestWriter({
          socket,
          secure: options.route.tls !== undefined,
          buffers: options.writeBuffers,
          onWritten: () => this.#written(),
        });
        if (this.#exchange !== undefined && !this.#closed) this.#ask(this.#exchange);
      },
      ended: () => {
        this.#peerEnded = true;
        this.#concludeWhenGone();
      },
      closed: () => this.#forgetLink(),
    });
  }

  /** It may carry another exchange; one that still says nothing of its last write may not. */
  get isFree(): boolean {
    return !this.#closed && !this.#writing;
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
    this.#resume();
  }

  #resume(): void {
    if (this.#closed || this.#readsOn) return;
    this.#readsOn = true;
    this.#link.resume();
  }

  #timeout(): void {
    if (this.#exchange === undefined) this.cut();
    else this.#exchange.timeout();
  }

  #takesNow(): boolean {
    return this.#exchange?.sink !== undefined && !this.#exchange.paused;
  }

  #ask(exchange: Exchange): void {
    this.#head.reset();
    this.#framing = undefined;
    this.#reusable = true;
    this.#writing = true;
    this.#carried++;
    exchange.asks();
    this.#writer?.write(exchange.requestHead, exchange.requestBody);
    // An error that is there at once means that the kernel has taken nothing: a kept connection was closed meanwhile.
    if (!this.#link.isBroken || this.#carried === 1 || exchange.retried) return;
    this.#exchange = undefined;
    this.#close('reset');
    this.#options.onStale(exchange);
  }

  #written(): void {
    this.#writing = false;
    this.#exchange?.asked();
  }

  /** Bytes [0, count) of the buffer were read. Returns whether to read on. */
  #receive(buffer: Buffer, count: number): boolean {
    const exchange = this.#exchange;
    if (this.#closed || exchange === undefined) {
      buffer.fill(0, 0, count);
      // Nobody asked: it must not be taken for the answer to the next request.
      this.#close('reset');
      return false;
    }
    try {
      const at = this.#framing === undefined ? this.#receiveHead(exchange, buffer, count) : 0;
      if (this.#closed) buffer.fill(0, 0, count);
      else this.#receiveBody(exchange, buffer, at, count);
    } catch (error) {
      buffer.fill(0, 0, count);
      exchange.fail(error instanceof UpstreamError ? error.failure : 'malformed');
    }
    this.#readsOn = !this.#closed && this.#waiting.length === 0 && this.#exchange?.paused !== true;
    return this.#readsOn;
  }

  #receiveHead(exchange: Exchange, buffer: Buffer, count: number): number {
    const at = this.#head.read(buffer, 0, count);
    const { head } = this.#head;
    if (head === undefined) return at;
    this.#head.wipe();
    this.#framing = new BodyFraming(head.framing);
    this.#reusable = head.reusable;
    this.keepAliveMs = head.keepAliveMs;
    exchange.answered(head);
    return at;
  }

  #receiveBody(exchange: Exchange, buffer: Buffer, at: number, count: number): void {
    if (at === count && this.#framing?.complete !== true) {
      buffer.fill(0, 0, count);
      return;
    }
    // TLS hands over what it has decrypted even after a pause.
    const takesNow = this.#waiting.length === 0 && this.#takesNow();
    if (takesNow || at === count) {
      this.#take(exchange, buffer, at, count);
      return;
    }
    this.#waiting.push({ buffer, start: at, end: count });
    this.#options.readBuffers.lend(buffer, count);
    this.#moveOn(buffer);
  }

  #takeWaiting({ buffer, start, end }: Waiting): void {
    const exchange = this.#exchange as Exchange;
    let isHeld = false;
    try {
      isHeld = this.#take(exchange, buffer, start, end);
    } catch {
      exchange.fail('malformed');
    }
    if (!isHeld) this.#options.readBuffers.give(buffer);
  }

  /** Takes the framing off and gives the payload to the sink. True when the sink has kept the buffer. */
  #take(exchange: Exchange, buffer: Buffer, start: number, end: number): boolean {
    const framing = this.#framing as BodyFraming;
    let isHeld = false;
    let next = start;
    try {
      next = framing.read(buffer, start, end);
    } finally {
      // Broken framing ends a body, but what came before it is still delivered.
      if (framing.payloadEnd > framing.payloadStart) isHeld = this.#deliver(exchange, buffer, end);
      else buffer.fill(0, 0, end);
    }
    if (this.#closed) return isHeld;
    exchange.moved();
    if (framing.complete) this.#complete(exchange, next === end && this.#waiting.length === 0);
    return isHeld;
  }

  #deliver(exchange: Exchange, buffer: Buffer, end: number): boolean {
    const { readBuffers } = this.#options;
    const framing = this.#framing as BodyFraming;
    // Before the sink has it: it may give it back at once.
    readBuffers.lend(buffer, end);
    const verdict = exchange.sink?.data(buffer, framing.payloadStart, framing.payloadEnd) ?? 'continue';
    if (verdict === 'pause') exchange.paused = true;
    if (verdict !== 'continue') this.#moveOn(buffer);
    else if (buffer !== this.#buffer) readBuffers.give(buffer);
    else if (readBuffers.endLoan(buffer)) buffer.fill(0, 0, end);
    else this.#moveOn(buffer);
    return verdict !== 'continue';
  }

  /** Somebody else has this buffer: the next read goes elsewhere. */
  #moveOn(from: Buffer): void {
    if (from === this.#buffer) this.#buffer = this.#options.readBuffers.take();
  }

  #complete(exchange: Exchange, exactly: boolean): void {
    this.#exchange = undefined;
    if (this.#carried === 1) this.#link.keepSession();
    exchange.complete();
    // A response that is over before its request, or with more behind it, leaves the connection in doubt.
    const isDoubtful = this.#writing && this.#writer?.isHandedOver !== true;
    if (!exactly || !this.#reusable || isDoubtful || this.#peerEnded) this.#close('reset');
    else {
      this.#resume();
      this.#options.onIdle(this);
    }
  }

  /** The provider has closed: over, once everything that came before has been taken. */
  #concludeWhenGone(): void {
    if (this.#closed || !(this.#peerEnded || this.#linkGone) || this.#waiting.length > 0) return;
    const exchange = this.#exchange;
    if (exchange !== undefined && this.#peerEnded && this.#framing?.endsWithConnection === true) {
      this.#exchange = undefined;
      exchange.complete();
    }
    const refused = this.#link.isRefused && this.#carried === 1 && this.#framing === undefined;
    if (refused && exchange !== undefined) exchange.sent = false;
    this.#close(this.#carried === 0 || refused ? 'unreachable' : 'reset');
  }

  #close(failure: UpstreamFailure): void {
    if (this.#closed) return;
    this.#closed = true;
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.deadline.stop();
    this.#link.destroy();
    this.#head.wipe();
    this.#writer?.wipe();
    for (const { buffer } of this.#waiting.splice(0)) this.#options.readBuffers.give(buffer);
    exchange?.fail(failure);
    if (this.#linkGone) this.#giveBuffer();
    this.#options.onClosed(this);
  }

  /** Only now can nothing be read into the buffer any more, so only now may another connection have it. */
  #forgetLink(): void {
    this.#linkGone = true;
    if (this.#closed) this.#giveBuffer();
    else this.#concludeWhenGone();
  }

  #giveBuffer(): void {
    this.#options.readBuffers.lend(this.#buffer, this.#buffer.length);
    this.#options.readBuffers.give(this.#buffer);
  }
}
