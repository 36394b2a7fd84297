import { performance } from 'node:perf_hooks';
import type { Logger } from '@lethe/service-kit';
import type { Scrub } from './scrub.js';

interface ForgetterOptions {
  readonly scrubs: readonly Scrub[];
  readonly log: Logger;
  /** Content is passing: no need to say so with markDirty(). */
  readonly inUse?: () => boolean;
  readonly periodMs?: number;
  readonly now?: () => number;
}

/** One pass may meet a read that was cut short by the system; two in a row do not. */
const passesOfRound = 2;
const periodMsDefault = 250;
/** Forgetting is a promise: a router that has not kept it for this long takes no new requests. */
const overdueMsMax = 5_000;

/**
 * Overwrites, soon after content has passed, what Node keeps of it where nobody can reach. Works only after markDirty(),
 * one round at a time, and never keeps the process alive.
 */
export class Forgetter {
  readonly #options: ForgetterOptions;
  readonly #now: () => number;
  readonly #interval: NodeJS.Timeout;
  #dirty = true; // What opens the connections is a round: a router that cannot forget says so before its first request.
  #dueSinceMs: number | undefined;
  #running = false;
  #closed = false;
  rounds = 0;
  failures = 0;

  constructor(options: ForgetterOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#interval = setInterval(() => void this.#tick(), options.periodMs ?? periodMsDefault).unref();
  }

  /** Content has passed. As cheap as can be: it is called for each request. */
  readonly markDirty = (): void => {
    this.#dirty = true;
  };

  /** False while what passed more than five seconds ago may still be there. */
  get keepsUp(): boolean {
    return this.#dueSinceMs === undefined || this.#now() - this.#dueSinceMs < overdueMsMax;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#interval);
    for (const scrub of this.#options.scrubs) scrub.close();
  }

  async #tick(): Promise<void> {
    if (this.#dirty || this.#options.inUse?.() === true) this.#dueSinceMs ??= this.#now();
    if (this.#running || this.#dueSinceMs === undefined) return;
    this.#running = true;
    this.#dirty = false;
    try {
      for (const scrub of this.#options.scrubs)
        for (let pass = 0; pass < passesOfRound; pass++) await scrub.pass();
      this.rounds++;
      this.#dueSinceMs = undefined;
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#running = false;
    }
  }

  #failed(error: unknown): void {
    if (this.#closed) return;
    this.#dirty = true;
    this.failures++;
    // Of a fault that stays, one line for each doubling.
    if ((this.failures & (this.failures - 1)) === 0)
      this.#options.log.error('forget.failed', error, { failures: this.failures });
  }
}
