import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Gate } from './types.js';

/** Two monotonic clocks: one stops while the machine is suspended, the other does not. The wall clock is never used. */
export interface LeaseClocks {
  hrtimeMs(): number;
  uptimeMs(): number;
}

let uptimeOfTurnMs: number | undefined;
const endTurn = (): void => {
  uptimeOfTurnMs = undefined;
};

/**
 * Node reads the second clock from a file of the kernel's, which takes as long as a fifth of a small request. So it is
 * read once in a turn of the event loop: the loop does not wait while the reading is kept, and a machine that sleeps
 * within a turn might as well have slept just after an answer of open().
 */
export const systemClocks: LeaseClocks = {
  hrtimeMs: () => performance.now(),
  uptimeMs: () => {
    if (uptimeOfTurnMs === undefined) {
      uptimeOfTurnMs = uptime() * 1000;
      setImmediate(endTurn);
    }
    return uptimeOfTurnMs;
  },
};

/** Two clocks' rates differ by at most this share. */
const rateDriftMax = 0.1;
/** Share of the term kept as a margin. */
const marginShare = 0.05;

interface Moment {
  readonly hrtimeMs: number;
  readonly uptimeMs: number;
}

/**
 * The router's side of a lease: open from a grant until its deadline, counted from the moment the renewal was
 * SENT, on both clocks. A late grant can therefore never make a lease longer than the other side believes.
 */
export class Lease implements Gate {
  #deadline: Moment = { hrtimeMs: Number.NEGATIVE_INFINITY, uptimeMs: Number.NEGATIVE_INFINITY };
  #nonce = 0n;
  readonly #sent = new Map<bigint, Moment>();

  constructor(private readonly clocks: LeaseClocks = systemClocks) {}

  /** Notes a renewal that is about to be sent. */
  renewing(): bigint {
    this.#nonce += 1n;
    this.#sent.set(this.#nonce, this.#now());
    if (this.#sent.size > 16) this.#sent.delete(this.#nonce - 16n);
    return this.#nonce;
  }

  /** A grant arrived. One for an unknown renewal changes nothing. */
  granted(nonce: bigint, ttlMs: number): void {
    const sent = this.#sent.get(nonce);
    if (sent === undefined) return;
    this.#sent.delete(nonce);
    const term = ttlMs * (1 - rateDriftMax) - ttlMs * marginShare;
    this.#deadline = {
      hrtimeMs: Math.max(this.#deadline.hrtimeMs, sent.hrtimeMs + term),
      uptimeMs: Math.max(this.#deadline.uptimeMs, sent.uptimeMs + term),
    };
  }

  /** The stream broke or told of a gap: closed until the next grant. */
  close(): void {
    this.#deadline = { hrtimeMs: Number.NEGATIVE_INFINITY, uptimeMs: Number.NEGATIVE_INFINITY };
    this.#sent.clear();
  }

  open(): boolean {
    return (
      this.clocks.hrtimeMs() < this.#deadline.hrtimeMs && this.clocks.uptimeMs() < this.#deadline.uptimeMs
    );
  }

  #now(): Moment {
    return { hrtimeMs: this.clocks.hrtimeMs(), uptimeMs: this.clocks.uptimeMs() };
  }
}
