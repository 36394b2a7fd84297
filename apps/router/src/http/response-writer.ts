import type { ServerResponse } from 'node:http';
import type { CallerResponse } from './caller.js';

export interface WriterOptions {
  readonly res: CallerResponse;
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** The caller has taken enough to be given more. */
  readonly onDrain: () => void;
}

/** Sends one response: a head, body bytes, an end. */
export interface ResponseWriter {
  /** Bytes wait for the caller. */
  readonly isWaiting: boolean;
  /** Sends the head without waiting for body bytes. */
  flushHead(): void;
  /**
   * Sends bytes [start, end). `done`: they were copied or sent, the buffer is free; `held`: it is free once `free` is
   * called, which is never before this returns.
   */
  write(buffer: Buffer, start: number, end: number, free: () => void): 'done' | 'held';
  /** True when no more should be written until onDrain is called. */
  wantsPause(): boolean;
  /** Calls back when everything written so far was handed to the kernel. */
  afterFlush(flushed: () => void): void;
  /** Ends the body. The response emits `finish` when everything was handed to the kernel. */
  end(): void;
  /** Nothing more is sent; copies that still wait are overwritten. */
  abandon(): void;
}

/** Writes through Node's public interface: the head and each piece of the body in writes of their own. */
export class PublicWriter implements ResponseWriter {
  readonly #res: ServerResponse;
  readonly #onDrain: () => void;
  #waiting = 0;

  constructor({ res, status, headers, onDrain }: WriterOptions) {
    this.#res = res as ServerResponse; // Node's: what was read here is answered by the other writer.
    this.#onDrain = onDrain;
    res.writeHead(status, headers as string[]);
    this.#res.on('drain', onDrain);
  }

  get isWaiting(): boolean {
    return this.#waiting > 0;
  }

  flushHead(): void {
    this.#res.flushHeaders();
  }

  write(buffer: Buffer, start: number, end: number, free: () => void): 'held' {
    this.#waiting++;
    this.#res.write(buffer.subarray(start, end), () => {
      this.#waiting--;
      free();
    });
    return 'held';
  }

  wantsPause(): boolean {
    return this.#res.writableNeedDrain;
  }

  afterFlush(flushed: () => void): void {
    this.#res.write('', () => flushed());
  }

  end(): void {
    this.#res.end();
  }

  abandon(): void {
    this.#res.off('drain', this.#onDrain);
  }
}
