import type { ServedEndpoint } from '@lethe/model-catalog';
import { CoarseTimer, type Deadline } from '@lethe/service-kit';
import type { BodyEnd, BodySink, UpstreamResponse } from '../providers/types.js';
import type { CallerResponse } from './caller.js';
import { createWriter } from './choose-writer.js';
import { ClientConnection } from './client-connection.js';
import { sendError } from './error-response.js';
import { KeepLast, type Outflow, PassThrough, type Piece, WholeEvents } from './outflow.js';
import type { ResponseWriter } from './response-writer.js';
import { streamShapeOf } from './stream-shapes.js';

export interface RelayOptions {
  /** Default chat_completions. */
  readonly endpoint?: ServedEndpoint;
  readonly upstream: UpstreamResponse;
  readonly res: CallerResponse;
  /** Tells when the caller leaves. Default: one of its own. */
  readonly caller?: ClientConnection;
  /** Names and values, in turn, of headers of ours, beside the few of the provider's that pass. */
  readonly headers: readonly string[];
  readonly streaming: boolean;
  /** The router itself asked for usage: the event that reports it is taken out. */
  readonly removeUsageEvent: boolean;
  /** Each sees all body bytes [start, end) before they are overwritten, the removed event's as well. */
  readonly taps: readonly ((buffer: Buffer, start: number, end: number) => void)[];
  readonly onFirstByte: () => void;
  /** The last bytes of a complete body wait for it. When it rejects, they are never sent. */
  readonly beforeEnd?: (() => Promise<void>) | undefined;
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
  // The provider's own id of a request: what SDKs show, and what its support asks for.
  'request-id',
  'x-request-id',
]);
const passes = (name: string): boolean =>
  passedHeaders.has(name) || name.startsWith('x-ratelimit-') || name.startsWith('anthropic-ratelimit-');
const eventSeparator = Buffer.from('\n\n');

/**
 * Relays a provider's answer to the caller: bodies byte for byte, streams in whole events, reading no faster than the
 * caller does. A caller that leaves cuts the provider off. Never rejects; afterwards no buffer holds any of it.
 */
export const relay = (options: RelayOptions): Promise<RelayResult> => new Relay(options).run();

class Relay implements BodySink {
  readonly #options: RelayOptions;
  readonly #endpoint: ServedEndpoint;
  readonly #outflow: Outflow;
  /** Buffers that the writer still reads from, with the number of pieces that are of each. Most answers have none. */
  #held: Map<Buffer, { pieces: number; readonly own: boolean }> | undefined;
  #writer: ResponseWriter | undefined;
  #begun = false;
  /** Something of the body was sent, and the head with it. */
  #sent = false;
  #clientGone = false;
  /** What waits for everything to be sent, or for the caller to leave. */
  #onClosed: (() => void) | undefined;
  #stall: Deadline | undefined;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#endpoint = options.endpoint ?? 'chat_completions';
    const keepEnd = options.beforeEnd !== undefined;
    if (options.streaming)
      this.#outflow = new WholeEvents({
        shape: streamShapeOf(this.#endpoint),
        removeUsageEvent: options.removeUsageEvent,
        keepEnd,
      });
    else this.#outflow = keepEnd ? new KeepLast() : new PassThrough();
  }

  run(): Promise<RelayResult> {
    const { res, upstream, streaming, caller = new ClientConnection(res) } = this.#options;
    return new Promise((resolve, reject) => {
      const leave = (ended: RelayResult['ended']): void => {
        this.#stall?.stop();
        this.#wipe();
        resolve({ ended });
      };
      const fail = (error: unknown): void => {
        this.#stall?.stop();
        this.#wipe();
        reject(error);
      };
      caller.onGone(() => this.#leave());
      if (res.destroyed || res.req.socket.destroyed) this.#leave();
      upstream
        .pipe(this)
        .then((end) => this.#finish(end, leave))
        .catch(fail);
      // The caller learns that its stream has begun, even when the first event takes long.
      if (!streaming || this.#sent || this.#clientGone) return;
      this.#head().flushHead();
      this.#watchStalls();
    });
  }

  data(buffer: Buffer, start: number, end: number): 'continue' | 'held' | 'pause' {
    if (this.#clientGone) return 'continue';
    for (const tap of this.#options.taps) tap(buffer, start, end);
    if (!this.#begun) {
      this.#begun = true;
      this.#options.onFirstByte();
    }
    const writer = this.#head();
    for (const piece of this.#outflow.take(buffer, start, end)) this.#write(writer, piece);
    this.#watchStalls();
    const isHeld = this.#held?.has(buffer) === true;
    if (!writer.wantsPause()) return isHeld ? 'held' : 'continue';
    if (!isHeld) this.#options.upstream.release(buffer);
    return 'pause';
  }

  /** The writer, which begins the response when it is asked for first. */
  #head(): ResponseWriter {
    this.#writer ??= createWriter({
      res: this.#options.res,
      status: this.#options.upstream.status,
      headers: this.#headers(),
      onDrain: () => this.#options.upstream.resume(),
    });
    return this.#writer;
  }

  #headers(): string[] {
    const { upstream, headers, streaming } = this.#options;
    const all: string[] = [];
    for (const [name, value] of upstream.headers) if (passes(name)) all.push(name, value);
    const length = streaming ? undefined : upstream.header('content-length');
    if (length !== undefined) all.push('content-length', length);
    for (const part of headers) all.push(part);
    return all;
  }

  #write(writer: ResponseWriter, { buffer, start, end, own }: Piece): void {
    this.#sent = true;
    if (writer.write(buffer, start, end, () => this.#written(buffer)) === 'done') {
      if (own) buffer.fill(0);
      return;
    }
    this.#held ??= new Map();
    const held = this.#held.get(buffer);
    if (held === undefined) this.#held.set(buffer, { pieces: 1, own });
    else held.pieces++;
  }

  #written(buffer: Buffer): void {
    const held = this.#held?.get(buffer);
    if (held === undefined || --held.pieces > 0) return;
    this.#held?.delete(buffer);
    this.#letGo(buffer, held.own);
  }

  #letGo(buffer: Buffer, own: boolean): void {
    if (own) buffer.fill(0);
    else this.#options.upstream.release(buffer);
  }

  /** Sends what is left to send, and says how it ended. */
  #finish(end: BodyEnd, ended: (how: RelayResult['ended']) => void): void | Promise<void> {
    if (this.#clientGone || end === 'aborted') {
      ended('client_aborted');
      return undefined;
    }
    if (end === 'cut') return this.#sendCut().then(ended);
    const { res, beforeEnd } = this.#options;
    const writer = this.#head();
    if (beforeEnd === undefined) return this.#sendEnd(writer, ended);
    return beforeEnd().then(
      () => this.#sendEnd(writer, ended),
      () => {
        res.destroy();
        ended('cut');
      },
    );
  }

  #sendEnd(writer: ResponseWriter, ended: (how: RelayResult['ended']) => void): void {
    if (this.#clientGone) {
      ended('client_aborted');
      return;
    }
    for (const piece of this.#outflow.rest()) this.#write(writer, piece);
    writer.end();
    this.#watchStalls();
    this.#whenClosed(() => ended(this.#clientGone ? 'client_aborted' : 'complete'));
  }

  /** Tells the caller that the answer is not whole: by an error event where one can be read, and by a broken end. */
  async #sendCut(): Promise<RelayResult['ended']> {
    const { res, streaming, headers } = this.#options;
    const writer = this.#writer;
    if (writer === undefined) {
      const dialect =
        this.#endpoint === 'messages' || this.#endpoint === 'count_tokens' ? 'anthropic' : 'openai';
      sendError(res.req, res, { dialect, code: 'provider.stream_cut', param: null, headers });
      await new Promise<void>((resolve) => this.#whenClosed(resolve));
      return 'cut';
    }
    await new Promise<void>((resolve) => {
      this.#onClosed = resolve;
      if (streaming) {
        const { cutEvent } = streamShapeOf(this.#endpoint);
        // Behind a part of an event that was too large to wait for.
        if (!this.#outflow.atBorder) writeConstant(writer, eventSeparator);
        writeConstant(writer, cutEvent);
      }
      writer.afterFlush(resolve);
      this.#watchStalls();
    });
    if (this.#clientGone) return 'client_aborted';
    res.destroy();
    return 'cut';
  }

  /** Calls back once everything has been handed to the kernel, or the caller has left. */
  #whenClosed(closed: () => void): void {
    const { res } = this.#options;
    if (this.#clientGone || res.writableFinished) {
      closed();
      return;
    }
    this.#onClosed = closed;
    res.on('finish', closed);
  }

  #leave(): void {
    if (this.#clientGone || this.#options.res.writableFinished) return;
    this.#clientGone = true;
    this.#options.upstream.abort();
    this.#onClosed?.();
  }

  /** Leaves a caller that takes nothing of what waits for it. Most answers never wait. */
  #watchStalls(): void {
    if (this.#stall !== undefined || this.#writer?.isWaiting !== true) return;
    const { res, stallMsMax = stallMsMaxDefault } = this.#options;
    const { socket } = res.req;
    const takenBefore = socket.bytesWritten - socket.writableLength;
    this.#stall = timer.start(stallMsMax, () => {
      this.#stall = undefined;
      const hasTaken = socket.bytesWritten - socket.writableLength !== takenBefore;
      // One that is behind another answer on its connection has nothing to take yet.
      if (hasTaken || res.socket === null || this.#writer?.isWaiting !== true) {
        this.#watchStalls();
        return;
      }
      res.destroy();
      this.#leave();
    });
  }

  #wipe(): void {
    this.#writer?.abandon();
    this.#outflow.wipe();
    if (this.#held === undefined) return;
    for (const [buffer, { own }] of this.#held) this.#letGo(buffer, own);
    this.#held.clear();
  }
}

const writeConstant = (writer: ResponseWriter, bytes: Buffer): void => {
  writer.write(bytes, 0, bytes.length, () => undefined);
};
