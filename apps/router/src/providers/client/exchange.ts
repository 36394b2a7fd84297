import type { CoarseTimer, Deadline } from '@lethe/service-kit';
import type { SplicedBody } from '../../http/types.js';
import {
  type BodyEnd,
  type BodySink,
  UpstreamError,
  type UpstreamFailure,
  type UpstreamLimits,
  type UpstreamResponse,
} from '../types.js';
import type { ByteBuffers } from './byte-buffers.js';
import { decoded } from './decoded-response.js';
import type { ResponseHead } from './response-head.js';

/** What an exchange asks of the connection that carries it. */
export interface Carrier {
  /** The connection's own: what is due on it is due for the exchange it carries. */
  readonly deadline: Deadline;
  /** Cuts the connection at once. */
  cut(): void;
  /** Reads on after a pause, or for a sink that has come. */
  readOn(): void;
}

/** What all exchanges with one destination share. */
export interface ExchangeSetting {
  readonly limits: UpstreamLimits;
  readonly timer: CoarseTimer;
  readonly readBuffers: ByteBuffers;
  /** Called when it is over before a connection carried it. */
  readonly leaveQueue: (exchange: Exchange) => void;
}

export interface ExchangeOptions {
  /** Up to the value of its last header, which is the body's length. */
  readonly head: Buffer;
  readonly body: SplicedBody;
  readonly resolve: (response: UpstreamResponse) => void;
  readonly reject: (error: unknown) => void;
}

type Phase = 'waiting' | 'asking' | 'reading' | 'over';

/** One request and its response: settles exactly once, and keeps its own time. */
export class Exchange implements UpstreamResponse {
  readonly #setting: ExchangeSetting;
  readonly #options: ExchangeOptions;
  #phase: Phase = 'waiting';
  #waiting: Deadline | undefined;
  #carrier: Carrier | undefined;
  #head: ResponseHead | undefined;
  #answerEndsAtMs = 0;
  #end: BodyEnd | undefined;
  #ended: ((end: BodyEnd) => void) | undefined;
  /** Where body bytes go; none until pipe() was called. */
  sink: BodySink | undefined;
  /** The sink has asked for a pause. */
  paused = false;
  /** Bytes of the request have been given to a socket. */
  sent = false;
  /** It was tried on a kept connection that turned out to be closed. */
  retried = false;

  constructor(setting: ExchangeSetting, options: ExchangeOptions) {
    this.#setting = setting;
    this.#options = options;
  }

  get requestHead(): Buffer {
    return this.#options.head;
  }

  get requestBody(): SplicedBody {
    return this.#options.body;
  }

  get status(): number {
    return this.#head?.status ?? 0;
  }

  get headers(): ResponseHead['headers'] {
    return this.#head?.headers ?? [];
  }

  get over(): boolean {
    return this.#phase === 'over';
  }

  header(name: string): string | undefined {
    for (const header of this.headers) if (header[0] === name) return header[1];
    return undefined;
  }

  /** No connection is free: from now on it waits for one, no longer than the limit. */
  wait(): void {
    const { timer, limits } = this.#setting;
    this.#waiting ??= timer.start(limits.connectMsMax, () => this.timeout());
  }

  carriedBy(carrier: Carrier): void {
    this.#carrier = carrier;
  }

  /** The request starts to leave. */
  asks(): void {
    this.#waiting?.stop();
    this.#phase = 'asking';
    this.sent = true;
    this.#carrier?.deadline.postpone(this.#setting.limits.headMsMax);
  }

  /** All of the request has left. */
  asked(): void {
    if (this.#phase === 'asking') this.#carrier?.deadline.postpone(this.#setting.limits.headMsMax);
  }

  answered(head: ResponseHead): void {
    this.#phase = 'reading';
    this.#head = head;
    this.#answerEndsAtMs = this.#setting.timer.nowMs + this.#setting.limits.answerMsMax;
    this.#carrier?.deadline.postpone(this.#setting.limits.idleMsMax);
    try {
      this.#options.resolve(decoded(this));
    } catch (error) {
      this.#options.reject(error);
    }
  }

  /** Body bytes came, or the sink is ready for more. */
  moved(): void {
    if (this.over) return;
    const { idleMsMax } = this.#setting.limits;
    const leftMs = this.#answerEndsAtMs - this.#setting.timer.nowMs;
    this.#carrier?.deadline.postpone(this.paused ? leftMs : Math.min(leftMs, idleMsMax));
  }

  pipe(sink: BodySink): Promise<BodyEnd> {
    if (this.#end !== undefined) return Promise.resolve(this.#end);
    return new Promise((resolve) => {
      this.#ended = resolve;
      this.sink = sink;
      this.#carrier?.readOn();
    });
  }

  resume(): void {
    if (!this.paused || this.over) return;
    this.paused = false;
    this.moved();
    this.#carrier?.readOn();
  }

  release(buffer: Buffer): void {
    this.#setting.readBuffers.give(buffer);
  }

  abort(): void {
    this.fail('aborted');
  }

  /** Over before its proper end. Does nothing when it is over already. */
  fail(failure: UpstreamFailure): void {
    if (this.over) return;
    if (this.#phase === 'reading') this.#finish(failure === 'aborted' ? 'aborted' : 'cut');
    else {
      if (this.#phase === 'waiting') this.#setting.leaveQueue(this);
      this.#leave();
      this.#options.reject(new UpstreamError(failure, this.sent));
    }
    this.#carrier?.cut();
  }

  complete(): void {
    this.#finish('complete');
  }

  /** What it waits for takes too long. */
  timeout(): void {
    if (this.#phase === 'waiting') this.fail('connect_timeout');
    else this.fail(this.#phase === 'asking' ? 'head_timeout' : 'idle_timeout');
  }

  /** Back to waiting, for another connection. Only while nothing of the request has left. */
  again(): void {
    this.retried = true;
    this.sent = false;
    this.#phase = 'waiting';
    this.#carrier = undefined;
    this.#waiting = undefined;
  }

  #finish(end: BodyEnd): void {
    this.#leave();
    this.#end = end;
    this.#ended?.(end);
  }

  #leave(): void {
    this.#phase = 'over';
    this.#waiting?.stop();
  }
}
