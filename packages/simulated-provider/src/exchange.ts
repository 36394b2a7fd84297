import { once } from 'node:events';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Writable } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { Answer } from './answers/answer.js';
import type { Dialect, StreamEvent, Task } from './dialects/dialect.js';
import type { Json } from './json-codec.js';
import type { LedgerEntry } from './ledger.js';
import type { Refusal } from './refusals.js';
import { OutputMeter } from './tokens.js';

/** Without a delay between events, other requests get their turn after this many. */
const EVENTS_PER_TURN = 64;
/** A socket that we half-closed is dropped when the peer does not close its half in time. */
const HALF_CLOSED_MS_MAX = 5_000;

export const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
} as const;

/** One request being answered: the only place that writes to its socket and its ledger entry. */
export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly entry: LedgerEntry;
  readonly dialect: Dialect;
  readonly #gone = new AbortController();
  readonly #meter = new OutputMeter();
  #severed = false;

  constructor(request: IncomingMessage, response: ServerResponse, entry: LedgerEntry, dialect: Dialect) {
    this.request = request;
    this.response = response;
    this.entry = entry;
    this.dialect = dialect;
    response.setHeader(dialect.idHeader, this.#id);
    // A write that loses the race against a disconnect is no news: `close` settles the entry.
    response.on('error', () => undefined);
    response.once('close', () => {
      entry.open = false;
      if (!response.writableFinished && !this.#severed) {
        entry.aborted = true;
        entry.completed = false;
      }
      this.#gone.abort();
    });
  }

  /** Aborted when the connection or the response has ended, whoever ended it. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  begin(status: number, headers: OutgoingHttpHeaders): void {
    this.entry.status = status;
    this.response.writeHead(status, headers);
  }

  /** Sends a whole JSON body. */
  sendJson(status: number, body: Json, headers: OutgoingHttpHeaders = {}): void {
    this.sendWhole(status, Buffer.from(JSON.stringify(body)), {
      'content-type': 'application/json',
      ...headers,
    });
  }

  sendWhole(status: number, body: Buffer, headers: OutgoingHttpHeaders): void {
    this.begin(status, { ...headers, 'content-length': body.length });
    this.complete(body);
  }

  refuse(refusal: Refusal): void {
    this.sendJson(refusal.status, this.dialect.errorBody(refusal, this.#id), refusal.headers);
  }

  get #id(): string {
    return `req_sim${this.entry.sequence}`;
  }

  /** Ends the response as HTTP wants it ended. The ledger is settled first, so a caller that saw the end sees it. */
  complete(lastBytes?: Buffer, completed = true): void {
    if (this.signal.aborted) return;
    this.settle(completed);
    this.response.end(lastBytes);
  }

  /** Closes the books on this request; `completed` says whether all was handed over that belongs to an answer. */
  settle(completed: boolean): void {
    this.entry.open = false;
    this.entry.completed = completed;
  }

  /** Notes the prompt as read, which is when a provider begins to bill. */
  billPrompt(answer: Answer): void {
    this.entry.promptTokens = answer.usage.promptTokens;
    this.entry.cachedTokens = answer.usage.cachedTokens;
    this.entry.cacheWriteTokens = answer.usage.cacheWriteTokens;
  }

  /** Notes the prompt and the whole output, for answers that leave in one piece. */
  billAll(answer: Answer): void {
    this.billPrompt(answer);
    this.entry.completionTokens = answer.usage.completionTokens;
    this.entry.reasoningTokens = answer.usage.reasoningTokens;
  }

  /** Writes events one by one, counting what leaves; returns early when the connection is gone. */
  async sendEvents(
    events: Iterable<StreamEvent>,
    delayMs: number,
    sink: Writable = this.response,
  ): Promise<void> {
    let inTurn = 0;
    for (const event of events) {
      if (delayMs > 0 && this.entry.chunksSent > 0) await this.wait(delayMs);
      if (this.signal.aborted) return;
      const flowing = sink.write(event.text);
      this.#count(event);
      if (!flowing) await this.#drained(sink);
      inTurn += 1;
      if (inTurn % EVENTS_PER_TURN === 0) await nextTurn();
    }
  }

  #count({ output }: StreamEvent): void {
    this.entry.chunksSent += 1;
    if (output === undefined) return;
    this.#meter.add(output.choice, output.part, output.text);
    this.entry.completionTokens = this.#meter.completionTokens;
    this.entry.reasoningTokens = this.#meter.reasoningTokens;
  }

  async #drained(sink: Writable): Promise<void> {
    await once(sink, 'drain', { signal: this.signal }).catch(() => undefined);
  }

  /** Writes bytes of the body and waits until there is room for more. */
  async send(bytes: Buffer): Promise<void> {
    if (!this.response.write(bytes)) await this.#drained(this.response);
  }

  /** Waits, or returns at once when the connection goes. */
  async wait(milliseconds: number): Promise<void> {
    await pause(milliseconds, undefined, { signal: this.signal }).catch(() => undefined);
  }

  /** Writes bytes that no HTTP library would write, past the response object. */
  sendRaw(status: number, bytes: Buffer): void {
    this.entry.status = status;
    this.request.socket.write(bytes);
  }

  /** The same, and waits until there is room for more; the ledger is left alone. */
  async sendBare(bytes: Buffer): Promise<void> {
    const { socket } = this.request;
    if (!socket.write(bytes)) await this.#drained(socket);
  }

  /** Resets the connection: the peer sees ECONNRESET. */
  reset(): void {
    this.#sever();
    this.request.socket.resetAndDestroy();
  }

  /** Closes our half after what was written, without the end that HTTP would want. */
  cut(): void {
    this.#sever();
    const { socket } = this.request;
    socket.setTimeout(HALF_CLOSED_MS_MAX, () => socket.destroy());
    socket.end();
  }

  #sever(): void {
    this.#severed = true;
    this.settle(false);
  }
}

/** All a fault or an answer needs to know about the request it serves. */
export interface Serving {
  readonly exchange: Exchange;
  readonly task: Task;
  /** Made on first use: refusals need none. */
  readonly answer: () => Answer;
  readonly delayMs: number;
}
