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
  readonly open: OpenDeadline[] = [];
  nowMs = 0;

  constructor(readonly tickMs: number) {}

  dueMs(afterMs: number): number {
    return this.nowMs + this.tickMs + afterMs;
  }

  /** In any order, because two are added and taken out for each request. */
  add(deadline: OpenDeadline): void {
    deadline.place = this.open.length;
    this.open.push(deadline);
  }

  remove(deadline: OpenDeadline): void {
    const { place } = deadline;
    if (place < 0) return;
    deadline.place = -1;
    const last = this.open.pop();
    if (last === undefined || last === deadline) return;
    this.open[place] = last;
    last.place = place;
  }
}

class OpenDeadline implements Deadline {
  dueMs: number;
  /** Where it stands among those that are open, or -1. */
  place = -1;

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
    this.ticks.remove(this);
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
    return this.#ticks.open.length;
  }

  /** Milliseconds on the clock of performance.now(), as of the last tick: for what need not be exact. */
  get nowMs(): number {
    return this.#interval === undefined ? performance.now() : this.#ticks.nowMs;
  }

  /** Calls `onDue` once, in `afterMs` unless it is postponed or stopped before. */
  start(afterMs: number, onDue: () => void): Deadline {
    const ticks = this.#ticks;
    if (this.#interval === undefined) {
      ticks.nowMs = performance.now();
      this.#interval = setInterval(() => this.#tick(), ticks.tickMs).unref();
    }
    const deadline = new OpenDeadline(ticks, afterMs, onDue);
    ticks.add(deadline);
    return deadline;
  }

  #tick(): void {
    const { open, nowMs: beforeMs, tickMs } = this.#ticks;
    const nowMs = performance.now();
    const lateMs = nowMs - beforeMs - tickMs;
    this.#ticks.nowMs = nowMs;
    if (lateMs > standstillMs) for (const deadline of open) deadline.dueMs += lateMs;
    // Gathered first, since what one does may stop or postpone others.
    const due = open.filter((deadline) => deadline.dueMs <= nowMs);
    for (const deadline of due) {
      if (deadline.place < 0 || deadline.dueMs > nowMs) continue;
      deadline.stop();
      deadline.onDue();
    }
    // Not as soon as the last one is stopped: requests that come one by one would make an interval each.
    if (open.length > 0) return;
    clearInterval(this.#interval);
    this.#interval = undefined;
  }
}
