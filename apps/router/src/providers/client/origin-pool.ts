import type { CoarseTimer, Deadline } from '@lethe/service-kit';
import { Connection } from './connection.js';
import type { Exchange } from './exchange.js';
import type { Origin } from './origin.js';
import type { ReadBuffers } from './read-buffers.js';

export interface PoolOptions {
  readonly headBytesMax: number;
  readonly connectionsMax: number;
  readonly timer: CoarseTimer;
  readonly buffers: ReadBuffers;
}

/** Exchanges that may wait for a connection of one origin. */
const waitersMax = 1_024;
/** How long an idle connection is kept when the provider does not say. */
const keepIdleMsDefault = 20_000;
/** Closed this long before the provider would: a request must not meet the closing. */
const keepIdleMarginMs = 1_000;

interface Idle {
  readonly connection: Connection;
  readonly deadline: Deadline;
}

/** The connections to one origin: as few as possible, as many as allowed, then a bounded queue. */
export class OriginPool {
  readonly #origin: Origin;
  readonly #options: PoolOptions;
  readonly #open = new Set<Connection>();
  #idle: Idle[] = [];
  #waiters: Exchange[] = [];
  #closed = false;

  constructor(origin: Origin, options: PoolOptions) {
    this.#origin = origin;
    this.#options = options;
  }

  get connections(): number {
    return this.#open.size;
  }

  run(exchange: Exchange): void {
    // The one used last is the least likely to be closed by the provider.
    const idle = exchange.retried ? undefined : this.#idle.pop();
    if (idle !== undefined) {
      idle.deadline.stop();
      idle.connection.carry(exchange);
    } else if (this.#closed) exchange.fail('unreachable');
    else if (this.#open.size < this.#options.connectionsMax) this.#connect(exchange);
    else if (this.#waiters.length < waitersMax) this.#waiters.push(exchange);
    else exchange.fail('unreachable');
  }

  /** Takes out an exchange that is over before a connection was free. */
  leave(exchange: Exchange): void {
    this.#waiters = this.#waiters.filter((waiter) => waiter !== exchange);
  }

  close(): void {
    this.#closed = true;
    for (const exchange of this.#waiters.splice(0)) exchange.fail('unreachable');
    for (const connection of [...this.#open]) connection.cut();
  }

  #connect(exchange: Exchange): void {
    const connection = new Connection(
      {
        origin: this.#origin,
        headBytesMax: this.#options.headBytesMax,
        buffers: this.#options.buffers,
        onIdle: (free, keepAliveMs) => this.#settle(free, keepAliveMs),
        onClosed: (closed) => this.#forget(closed),
        onStale: (stale) => {
          stale.again();
          this.run(stale);
        },
      },
      exchange,
    );
    this.#open.add(connection);
  }

  /**
   * Lets the event loop look at the socket once more before the connection serves again: a second response that
   * nobody asked for closes it meanwhile, and is never taken for the answer to the next request.
   */
  #settle(connection: Connection, keepAliveMs: number | undefined): void {
    setImmediate(() => setImmediate(() => this.#free(connection, keepAliveMs)));
  }

  #free(connection: Connection, keepAliveMs: number | undefined): void {
    if (!this.#open.has(connection)) return;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      connection.carry(waiter);
      return;
    }
    const keepMs = Math.min(keepIdleMsDefault, (keepAliveMs ?? keepIdleMsDefault) - keepIdleMarginMs);
    if (keepMs <= 0) {
      connection.cut();
      return;
    }
    const deadline = this.#options.timer.start(keepMs, () => connection.cut());
    this.#idle.push({ connection, deadline });
  }

  #forget(connection: Connection): void {
    this.#open.delete(connection);
    const idle = this.#idle.find((candidate) => candidate.connection === connection);
    if (idle !== undefined) {
      idle.deadline.stop();
      this.#idle = this.#idle.filter((candidate) => candidate !== idle);
    }
    const waiter = this.#closed ? undefined : this.#waiters.shift();
    if (waiter !== undefined) this.run(waiter);
  }
}
