import type { ServerResponse } from 'node:http';
import { errorBody } from '@lethe/contracts';
import { CoarseTimer } from '@lethe/service-kit';
import type { BodyEnd, UpstreamResponse } from '../providers/types.js';
import { sendError } from './error-response.js';
import { KeepLast, type Outflow, PassThrough, type Piece, WholeEvents } from './outflow.js';

export interface RelayOptions {
  readonly upstream: UpstreamResponse;
  readonly res: ServerResponse;
  /** Headers of ours, beside the few of the provider's that pass. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly streaming: boolean;
  /** The router itself asked for usage: the event that reports it is taken out. */
  readonly removeUsageEvent: boolean;
  /** Each sees all body bytes [start, end) before they are overwritten, the removed event's as well. */
  readonly taps: readonly ((buffer: Buffer, start: number, end: number) => void)[];
  readonly onFirstByte: () => void;
  /** The last bytes of a complete body wait for it. When it rejects, they are never sent. */
  readonly beforeEnd?: () => Promise<void>;
  /** How long the caller may leave bytes unread. */
  readonly stallMsMax?: number;
}

export interface RelayResult {
  /** `cut`: by the provider. When nothing had been sent by then, the caller got an error instead of a head. */
  readonly ended: 'complete' | 'cut' | 'client_aborted';
}

const stallMsMaxDefault = 120_000;
const timer = new CoarseTimer();
const passedHeaders = new Set([
  'content-type',
  'retry-after',
  'retry-after-ms',
  'openai-model',
  'openai-processing-ms',
  'openai-version',
]);
const passes = (name: string): boolean => passedHeaders.has(name) || name.startsWith('x-ratelimit-');
const cutEvent = `data: ${JSON.stringify(errorBody('provider.stream_cut', 'provider'))}\n\n`;

/**
 * Relays a provider's answer to the caller: bodies byte for byte, streams in whole events, reading no faster than the
 * caller does. A caller that leaves cuts the provider off. Never rejects; afterwards no buffer holds any of it.
 */
export const relay = (options: RelayOptions): Promise<RelayResult> => new Relay(options).run();

class Relay {
  readonly #options: RelayOptions;
  readonly #outflow: Outflow;
  /** Buffers that the socket still reads from, with the number of pieces that are of each. */
  readonly #held = new Map<Buffer, { pieces: number; readonly own: boolean }>();
  #begun = false;
  #clientGone = false;
  #onClosed: () => void = () => undefined;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#outflow = options.streaming
      ? new WholeEvents({
          removeUsageEvent: options.removeUsageEvent,
          keepEnd: options.beforeEnd !== undefined,
        })
      : options.beforeEnd === undefined
        ? new PassThrough()
        : new KeepLast();
  }

  async run(): Promise<RelayResult> {
    const { res, upstream } = this.#options;
    const onClose = (): void => this.#leave();
    const onDrain = (): void => upstream.resume();
    res.on('close', onClose);
    res.on('drain', onDrain);
    res.on('error', onClose);
    const stall = this.#watchStalls();
    if (res.destroyed || res.req.socket.destroyed) this.#leave();
    try {
      return { ended: await this.#finish(await this.#pipe()) };
    } finally {
      stall.stop();
      res.off('close', onClose);
      res.off('drain', onDrain);
      this.#wipe();
    }
  }

  #pipe(): Promise<BodyEnd> {
    const { upstream, streaming, res } = this.#options;
    const end = upstream.pipe({ data: (buffer, start, stop) => this.#take(buffer, start, stop) });
    // The caller learns that its stream has begun, even when the first event takes long.
    if (streaming && !this.#begun && !this.#clientGone) {
      this.#writeHead();
      res.flushHeaders();
    }
    return end;
  }

  #take(buffer: Buffer, start: number, end: number): 'continue' | 'held' | 'pause' {
    if (this.#clientGone) return 'continue';
    for (const tap of this.#options.taps) tap(buffer, start, end);
    if (!this.#begun) {
      this.#begun = true;
      this.#options.onFirstByte();
      if (!this.#options.res.headersSent) this.#writeHead();
    }
    const pieces = this.#outflow.take(buffer, start, end);
    for (const piece of pieces) this.#write(piece);
    const isHeld = this.#held.has(buffer);
    if (!this.#options.res.writableNeedDrain) return isHeld ? 'held' : 'continue';
    if (!isHeld) this.#options.upstream.release(buffer);
    return 'pause';
  }

  #writeHead(): void {
    const { upstream, res, headers, streaming } = this.#options;
    const all: string[] = [];
    for (const [name, value] of upstream.headers) if (passes(name)) all.push(name, value);
    const length = streaming ? undefined : upstream.header('content-length');
    if (length !== undefined) all.push('content-length', length);
    for (const [name, value] of headers) all.push(name, value);
    res.writeHead(upstream.status, all);
  }

  #write({ buffer, start, end, own }: Piece): void {
    const held = this.#held.get(buffer);
    if (held === undefined) this.#held.set(buffer, { pieces: 1, own });
    else held.pieces++;
    this.#options.res.write(buffer.subarray(start, end), () => this.#written(buffer));
  }

  #written(buffer: Buffer): void {
    const held = this.#held.get(buffer);
    if (held === undefined || --held.pieces > 0) return;
    this.#held.delete(buffer);
    this.#letGo(buffer, held.own);
  }

  #letGo(buffer: Buffer, own: boolean): void {
    if (own) buffer.fill(0);
    else this.#options.upstream.release(buffer);
  }

  async #finish(end: BodyEnd): Promise<RelayResult['ended']> {
    if (this.#clientGone || end === 'aborted') return 'client_aborted';
    if (end === 'cut') return this.#sendCut();
    const { res, beforeEnd } = this.#options;
    if (!res.headersSent) this.#writeHead();
    try {
      await beforeEnd?.();
    } catch {
      res.destroy();
      return 'cut';
    }
    if (!this.#clientGone) {
      for (const piece of this.#outflow.rest()) this.#write(piece);
      res.end();
      await this.#closed();
    }
    return this.#clientGone ? 'client_aborted' : 'complete';
  }

  /** Tells the caller that the answer is not whole: by an error event where one can be read, and by a broken end. */
  async #sendCut(): Promise<RelayResult['ended']> {
    const { res, streaming, headers } = this.#options;
    if (!res.headersSent) {
      sendError(res.req, res, { code: 'provider.stream_cut', param: null, headers });
      await this.#closed();
      return 'cut';
    }
    await new Promise<void>((resolve) => {
      this.#onClosed = resolve;
      res.write(streaming ? cutEvent : '', () => resolve());
    });
    if (this.#clientGone) return 'client_aborted';
    res.destroy();
    return 'cut';
  }

  /** Resolves when everything has been handed to the kernel, or the caller has left. */
  #closed(): Promise<void> {
    const { res } = this.#options;
    return new Promise((resolve) => {
      if (this.#clientGone || res.writableFinished) resolve();
      this.#onClosed = resolve;
      res.once('finish', () => resolve());
    });
  }

  #leave(): void {
    if (this.#clientGone || this.#options.res.writableFinished) return;
    this.#clientGone = true;
    this.#options.upstream.abort();
    this.#onClosed();
  }

  /** Leaves a caller that takes nothing of what waits for it. */
  #watchStalls(): { stop(): void } {
    const { res, stallMsMax = stallMsMaxDefault } = this.#options;
    const { socket } = res.req;
    let takenBefore = -1;
    const check = (): void => {
      deadline = timer.start(stallMsMax, check);
      const taken = socket.bytesWritten - socket.writableLength;
      const isStalled = this.#held.size > 0 && taken === takenBefore;
      takenBefore = taken;
      if (!isStalled) return;
      res.destroy();
      this.#leave();
    };
    let deadline = timer.start(stallMsMax, check);
    return { stop: () => deadline.stop() };
  }

  #wipe(): void {
    this.#outflow.wipe();
    for (const [buffer, { own }] of this.#held) this.#letGo(buffer, own);
    this.#held.clear();
  }
}
