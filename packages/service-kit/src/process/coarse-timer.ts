import { performance } from 'node:perf_hooks';

/** A moment at which something is due. */
export interface Deadline {
  /** Due in `afterMs` from now; Infinity rests it. */
  postpone(afterMs: number): void;
  /** Never due again. Idempotent. */
  stop(): void;
}

/** A tick later than this means that the process stood still: nobody else was late then. */
const standstillMs = 1_000;

/** What all deadlines of one timer share. */
class Ticks {
  readonly open = new Set<OpenDeadline>();
  nowMs = 0;

  constructor(readonly tickMs: number) {}

  dueMs(afterMs: number): number {
    return this.nowMs + this.tickMs + afterMs;
  }
}

class OpenDeadline implements Deadline {
  dueMs: number;

  constructor(
    private readonly ticks: Ticks,
    afterMs: number,
    readonly onDue: () => void,
  ) {
    this.dueMs = ticks.dueMs(afterMs);
  }

  postpone(afterMs: number): void {
    this.dueMs = this.ticks.dueMs(afterMs);
  }

  stop(): void {
    this.ticks.open.delete(this);
  }
}

/**
 * Many deadlines on one interval, due up to two ticks late: for timeouts of seconds, one per request, without a timer
 * each. The interval stops at the first tick without deadlines and never keeps the process alive.
 */
export class CoarseTimer {
  readonly #ticks: Ticks;
  #interval: NodeJS.Timeout | undefined;

  constructor(tickMs = 100) {
    this.#ticks = new Ticks(tickMs);
  }

  /** How many deadlines are open. */
  get size(): number {
    return this.#ticks.open.size;
  }

  /** Calls `onDue` once, in `afterMs` unless it is postponed or stopped before. */
  start(afterMs: number, onDue: () => void): Deadline {
    const ticks = this.#ticks;
    if (this.#interval === undefined) {
      ticks.nowMs = performance.now();
      this.#interval = setInterval(() => this.#tick(), ticks.tickMs).unref();
    }
    const deadline = new OpenDeadline(ticks, afterMs, onDue);
    ticks.open.add(deadline);
    return deadline;
  }

  #tick(): void {
    const { open, nowMs: beforeMs, tickMs } = this.#ticks;
    const nowMs = performance.now();
    const lateMs = nowMs - beforeMs - tickMs;
    this.#ticks.nowMs = nowMs;
    for (const deadline of open) {
      if (lateMs > standstillMs) deadline.dueMs += lateMs;
      if (deadline.dueMs > nowMs) continue;
      open.delete(deadline);
      deadline.onDue();
    }
    // Not as soon as the last one is stopped: requests that come one by one would make an interval each.
    if (open.size > 0) return;
    clearInterval(this.#interval);
    this.#interval = undefined;
  }
}
