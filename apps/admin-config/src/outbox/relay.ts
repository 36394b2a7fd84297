import type { Logger } from '@lethe/service-kit';
import type { Database } from '../store/database.js';
import { leadRelay, markRefused, markSent, pruneOutbox, unsentRows } from '../store/outbox.js';
import type { OutboxDestination } from '../store/schema.js';
import type { Deliver } from './deliver.js';
import { sendBatch } from './send-batch.js';

const batchRowsMax = 256;
const pollMs = 1000;
const backoffMsMin = 100;
const backoffMsMax = 5000;
const sentKeptMs = 24 * 3600 * 1000;
const pruneEveryMs = 3600 * 1000;

interface RelayOptions {
  readonly database: Database;
  readonly destination: OutboxDestination;
  readonly deliver: Deliver;
  readonly clock: () => number;
  readonly log: Logger;
}

type Cycle = 'idle' | 'more' | 'failed';

/**
 * Sends the outbox rows of one destination, those of an organization in order, each until it is acknowledged or
 * refused for ever. Over all replicas one relay leads a destination at a time: it holds an advisory lock for the
 * length of a batch. A batch whose marks do not commit is sent again, so receivers see a row at least once.
 * Destinations do not wait for each other.
 */
export class Relay {
  #timer: NodeJS.Timeout | undefined;
  #backoffMs = 0;
  #running: Promise<void> | undefined;
  #wokenWhileRunning = false;
  #closed = false;
  #prunedAtMs = 0;

  constructor(private readonly options: RelayOptions) {}

  /** Starts a cycle now, unless one is running or the destination is being given time. */
  wake(): void {
    if (this.#closed || (this.#backoffMs > 0 && this.#running === undefined)) return;
    if (this.#running === undefined) this.#start();
    else this.#wokenWhileRunning = true;
  }

  /** Stops after the rows that are being sent. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#wokenWhileRunning = false;
    this.#running = this.#cycle().then((cycle) => {
      this.#running = undefined;
      this.#schedule(cycle);
    });
  }

  #schedule(cycle: Cycle): void {
    if (this.#closed) return;
    this.#backoffMs =
      cycle === 'failed' ? Math.min(Math.max(this.#backoffMs * 2, backoffMsMin), backoffMsMax) : 0;
    const again = cycle === 'more' || (cycle === 'idle' && this.#wokenWhileRunning);
    const delayMs = cycle === 'failed' ? this.#backoffMs : again ? 0 : pollMs;
    this.#timer = setTimeout(() => this.#start(), delayMs);
  }

  async #cycle(): Promise<Cycle> {
    const { database, deliver, log, destination } = this.options;
    try {
      const cycle = await database.transaction(async (tx): Promise<Cycle> => {
        if (!(await leadRelay(tx, destination))) return 'idle';
        const rows = await unsentRows(tx, destination, batchRowsMax);
        const stopped = () => this.#closed;
        const { sent, refused, failed } = await sendBatch(rows, { deliver, log, stopped });
        await markSent(tx, sent, new Date(this.options.clock()));
        for (const { row, code } of refused) await markRefused(tx, row, code);
        if (failed) return 'failed';
        const isRest = rows.length === batchRowsMax || sent.length + refused.length < rows.length;
        return isRest ? 'more' : 'idle';
      });
      await this.#prune();
      return cycle;
    } catch (error) {
      log.error('outbox.cycle_failed', error, { destination });
      return 'failed';
    }
  }

  async #prune(): Promise<void> {
    const now = this.options.clock();
    if (now - this.#prunedAtMs < pruneEveryMs) return;
    this.#prunedAtMs = now;
    await this.options.database.read((db) => pruneOutbox(db, new Date(now - sentKeptMs)));
  }
}
