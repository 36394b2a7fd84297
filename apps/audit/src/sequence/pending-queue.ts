import type { AppendableEvent } from '../append/read-event.js';
import type { PlacedProof } from '../log/log-reader.js';

/** A call that waits for its event to be in the log. */
export interface Pending {
  readonly event: AppendableEvent;
  readonly withProof: boolean;
  /** Whether an event that had to come before this one could not. */
  isTooLate(): boolean;
  resolve(placed: PlacedProof): void;
  /** StoreError, or what should not have happened. */
  reject(error: unknown): void;
}

/** Calls and bytes that may wait, and what one batch takes of them. */
export interface QueueLimits {
  readonly callsMax: number;
  readonly bytesMax: number;
  readonly batchEventsMax: number;
  readonly batchBytesMax: number;
}

export const queueLimits: QueueLimits = {
  callsMax: 8192,
  bytesMax: 64 * 1024 * 1024,
  batchEventsMax: 256,
  batchBytesMax: 1024 * 1024,
};

/** Calls in the order they came. */
export class PendingQueue {
  readonly #limits: QueueLimits;
  #waiting: Pending[] = [];
  #bytes = 0;

  constructor(limits: QueueLimits) {
    this.#limits = limits;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** False when the queue takes no more. */
  offer(pending: Pending): boolean {
    const bytes = this.#bytes + pending.event.body.length;
    if (this.#waiting.length >= this.#limits.callsMax || bytes > this.#limits.bytesMax) return false;
    this.#waiting.push(pending);
    this.#bytes = bytes;
    return true;
  }

  /** The next batch, at least one call, in order. A second call for an event of the batch waits for the next one. */
  take(): Pending[] {
    const { batchEventsMax, batchBytesMax } = this.#limits;
    const batch: Pending[] = [];
    const later: Pending[] = [];
    const ids = new Set<string>();
    let bytes = 0;
    let at = 0;
    for (; at < this.#waiting.length && batch.length < batchEventsMax; at += 1) {
      const pending = this.#waiting[at] as Pending;
      const length = pending.event.body.length;
      if (batch.length > 0 && bytes + length > batchBytesMax) break;
      if (ids.has(pending.event.eventId)) later.push(pending);
      else {
        ids.add(pending.event.eventId);
        batch.push(pending);
        bytes += length;
      }
    }
    this.#waiting = [...later, ...this.#waiting.slice(at)];
    this.#bytes -= bytes;
    return batch;
  }
}
