import { performance } from 'node:perf_hooks';

/** A moment at which something is due. */
export interface Deadline {
  /** Due in `afterMs` from now; Infinity rests it. */
  postpone(afterMs: number): void;
  /** Never due again. Idempotent. */
  stop(): void;
}

interface Entry {
  dueMs: number;
  readonly onDue: () => void;
}

/** A tick later than this means that the process stood still: nobody else was late then. */
const standstillMs = 1_000;

/**
 * Many deadlines on one interval, due up to two ticks late: for timeouts of seconds, one per request, without a timer
 * each. The interval runs only while deadlines are open and never keeps the process alive.
 */
export class CoarseTimer {
  readonly #entries = new Set<Entry>();
  readonly #tickMs: number;
  #interval: NodeJS.Timeout | undefined;
  #nowMs = 0;

  constructor(tickMs = 100) {
    this.#tickMs = tickMs;
  }

  /** How many deadlines are open. */
  get size(): number {
    return this.#entries.size;
  }

  /** Calls `onDue` once, in `afterMs` unless it is postponed or stopped before. */
  start(afterMs: number, onDue: () => void): Deadline {
    if (this.#interval === undefined) {
      this.#nowMs = performance.now();
      this.#interval = setInterval(() => this.#tick(), this.#tickMs).unref();
    }
    const entry: Entry = { dueMs: this.#nowMs + this.#tickMs + afterMs, onDue };
    this.#entries.add(entry);
    return {
      postpone: (ms) => {
        entry.dueMs = this.#nowMs + this.#tickMs + ms;
      },
      stop: () => this.#remove(entry),
    };
  }

  #tick(): void {
    const nowMs = performance.now();
    const lateMs = nowMs - this.#nowMs - this.#tickMs;
    this.#nowMs = nowMs;
    for (const entry of this.#entries) {
      if (lateMs > standstillMs) entry.dueMs += lateMs;
      if (entry.dueMs > nowMs) continue;
      this.#remove(entry);
      entry.onDue();
    }
  }

  #remove(entry: Entry): void {
    if (!this.#entries.delete(entry) || this.#entries.size > 0) return;
    clearInterval(this.#interval);
    this.#interval = undefined;
  }
}
