import { Connection, type ConnectionOptions } from './connection.js';
import type { Exchange } from './exchange.js';

export interface PoolOptions
  extends Pick<ConnectionOptions, 'route' | 'headBytesMax' | 'timer' | 'readBuffers' | 'writeBuffers'> {
  readonly connectionsMax: number;
  /** A connection older than about this serves no more, so that a changed address is noticed. */
  readonly connectionMsMax: number;
}

/** Exchanges that may wait for a connection of one origin. */
const waitersMax = 1_024;
/** How long an idle connection is kept when the provider does not say. */
const keepIdleMsDefault = 20_000;
/** Closed this long before the provider would: a request must not meet the closing. */
const keepIdleMarginMs = 1_000;

/** The connections to one origin by one route: as few as possible, as many as allowed, then a bounded queue. */
export class OriginPool {
  readonly #options: PoolOptions;
  readonly #open = new Set<Connection>();
  readonly #retiresAtMs = new WeakMap<Connection, number>();
  #idle: Connection[] = [];
  #waiters: Exchange[] = [];
  /** Connections whose answer was over in this turn of the event loop, and in the one before. */
  #resting: Connection[] = [];
  #rested: Connection[] = [];
  #turning = false;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  /** Nobody is served or waits. */
  get isUnused(): boolean {
    return this.#open.size === 0 && this.#waiters.length === 0;
  }

  run(exchange: Exchange): void {
    // The one used last is the least likely to be closed by the provider.
    const idle = exchange.retried ? undefined : this.#idle.pop();
    if (idle !== undefined) {
      idle.carry(exchange);
      return;
    }
    const settling = this.#resting.length + this.#rested.length;
    // One that serves again in a moment is better than a new one.
    const mayOpen = this.#open.size < this.#options.connectionsMax;
    const waits = mayOpen ? !exchange.retried && this.#waiters.length < settling : true;
    if (this.#closed || (waits && this.#waiters.length >= waitersMax)) exchange.fail('unreachable');
    else {
      exchange.wait();
      if (waits) this.#waiters.push(exchange);
      else this.#connect(exchange);
    }
  }

  /** Takes out an exchange that is over before a connection was free. */
  leave(exchange: Exchange): void {
    const at = this.#waiters.indexOf(exchange);
    if (at >= 0) this.#waiters.splice(at, 1);
  }

  close(): void {
    this.#closed = true;
    for (const exchange of this.#waiters.splice(0)) exchange.fail('unreachable');
    for (const connection of [...this.#open]) connection.cut();
  }

  #connect(exchange: Exchange): void {
    const connection = new Connection(
      {
        ...this.#options,
        onIdle: (free) => this.#settle(free),
        onClosed: (closed) => this.#forget(closed),
        onStale: (stale) => {
          stale.again();
          this.run(stale);
        },
      },
      exchange,
    );
    // Not all at once: what was opened together must not be opened anew together.
    const lifeMs = this.#options.connectionMsMax * (0.75 + Math.random() / 4);
    this.#retiresAtMs.set(connection, this.#options.timer.nowMs + lifeMs);
    this.#open.add(connection);
  }

  /**
   * Lets the event loop look at the socket once more before the connection serves again: a second response that
   * nobody asked for closes it meanwhile, and is never taken for the answer to the next request.
   */
  #settle(connection: Connection): void {
    this.#resting.push(connection);
    if (this.#turning) return;
    this.#turning = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    const settled = this.#rested;
    this.#rested = this.#resting;
    this.#resting = [];
    if (this.#rested.length > 0) setImmediate(this.#turn);
    else this.#turning = false;
    for (const connection of settled) this.#free(connection);
  };

  #free(connection: Connection): void {
    if (!connection.isFree) {
      connection.cut();
      return;
    }
    const leftMs = (this.#retiresAtMs.get(connection) ?? 0) - this.#options.timer.nowMs;
    const providerMs = (connection.keepAliveMs ?? keepIdleMsDefault) - keepIdleMarginMs;
    const keepMs = Math.min(keepIdleMsDefault, providerMs, leftMs);
    const waiter = leftMs > 0 ? this.#waiters.shift() : undefined;
    if (waiter !== undefined) connection.carry(waiter);
    else if (keepMs <= 0) connection.cut();
    else {
      connection.deadline.postpone(keepMs);
      this.#idle.push(connection);
    }
  }

  #forget(connection: Connection): void {
    this.#open.delete(connection);
    for (const connections of [this.#idle, this.#resting, this.#rested]) {
      const at = connections.indexOf(connection);
      if (at >= 0) connections.splice(at, 1);
    }
    const waiter = this.#closed ? undefined : this.#waiters.shift();
    if (waiter !== undefined) this.run(waiter);
  }
}
