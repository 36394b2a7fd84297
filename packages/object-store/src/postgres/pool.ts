import type { PostgresStoreConfig } from '../config.js';
import { ObjectStoreError } from '../port.js';
import { type Connection, openConnection } from './connection.js';
import { toObjectStoreError } from './errors.js';

export interface PoolOptions {
  readonly config: PostgresStoreConfig;
  /** Connections at a time; work that comes later waits for one. */
  readonly size: number;
  readonly mayWrite?: (() => boolean) | undefined;
}

/** Something that is under way and can be ended with an error. */
type Interrupt = (error: ObjectStoreError) => void;

/** Lends a connection to one piece of work at a time, and throws it away after any failure. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #idle: Connection[] = [];
  readonly #interrupts = new Set<Interrupt>();
  readonly #waiting: (() => void)[] = [];
  readonly #runs = new Set<Promise<unknown>>();
  #lent = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Rejects with ObjectStoreError; `timeout` after so many milliseconds in all, waiting included. */
  async run<T>(limitMs: number, work: (connection: Connection) => Promise<T>): Promise<T> {
    if (this.#closed) throw new ObjectStoreError('closed');
    const run = this.#bounded(limitMs, work);
    this.#runs.add(run);
    try {
      return await run;
    } finally {
      this.#runs.delete(run);
    }
  }

  /** Cuts every connection; running and waiting work rejects with `severed`. */
  sever(): void {
    for (const interrupt of [...this.#interrupts]) interrupt(new ObjectStoreError('severed'));
    for (const connection of this.#idle.splice(0)) connection.sockets.cut();
  }

  /** Lets running and waiting work finish, then disconnects. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#runs);
    await Promise.all(this.#idle.splice(0).map((connection) => connection.end()));
  }

  async #bounded<T>(limitMs: number, work: (connection: Connection) => Promise<T>): Promise<T> {
    let verdict: ObjectStoreError | undefined;
    let connection: Connection | undefined;
    let reject: Interrupt = () => undefined;
    const interrupted = new Promise<never>((_, refuse) => {
      reject = refuse;
    });
    interrupted.catch(() => undefined);
    const interrupt: Interrupt = (error) => {
      verdict ??= error;
      connection?.sockets.cut();
      reject(error);
    };
    this.#interrupts.add(interrupt);
    const timer = setTimeout(() => interrupt(new ObjectStoreError('timeout')), limitMs);
    try {
      return await Promise.race([
        this.#lend(async (lent) => {
          if (verdict) throw verdict;
          connection = lent;
          return work(lent);
        }),
        interrupted,
      ]);
    } catch (error) {
      const severed = connection?.sockets.isCut === true;
      connection?.sockets.cut();
      throw verdict ?? (severed ? new ObjectStoreError('severed') : toObjectStoreError(error));
    } finally {
      clearTimeout(timer);
      this.#interrupts.delete(interrupt);
    }
  }

  async #lend<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    while (this.#lent >= this.#options.size)
      await new Promise<void>((resolve) => this.#waiting.push(() => resolve()));
    this.#lent += 1;
    try {
      const connection = this.#take();
      try {
        const result = await work(connection);
        if (connection.isOpen()) this.#idle.push(connection);
        return result;
      } catch (error) {
        // Told apart above by whether it was cut before: so not here.
        if (connection.sockets.isCut) throw error;
        throw toObjectStoreError(error);
      }
    } finally {
      this.#lent -= 1;
      this.#waiting.shift()?.();
    }
  }

  #take(): Connection {
    for (;;) {
      const connection = this.#idle.pop();
      if (connection === undefined) return openConnection(this.#options.config, this.#options.mayWrite);
      if (connection.isOpen()) return connection;
      connection.sockets.cut();
    }
  }
}
