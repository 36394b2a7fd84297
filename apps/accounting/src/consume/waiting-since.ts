import type { StoredRecord } from '@lethe/event-log';

/**
 * Since when the oldest record that is not processed has been waiting. While a batch is being processed that is known
 * from the batch; otherwise it is said to be the last processed record, or the last look that found no lag.
 */
export class WaitingSince {
  #batchMs: number | undefined;
  #knownMs: number;

  constructor(private readonly nowMs: () => number = Date.now) {
    // Before anything was read only the time of this consumer itself is known.
    this.#knownMs = nowMs();
  }

  /** A batch begins, or is tried again. */
  begins(records: readonly StoredRecord[]): void {
    this.#batchMs = records[0]?.timestampMs;
  }

  processed(records: readonly StoredRecord[]): void {
    this.#batchMs = undefined;
    const last = records.at(-1);
    if (last !== undefined) this.#knownMs = last.timestampMs;
  }

  /** Milliseconds since 1970; undefined when nothing waits. */
  at(lagRecords: number | undefined): number | undefined {
    if (this.#batchMs !== undefined) return this.#batchMs;
    if (lagRecords !== 0) return this.#knownMs;
    this.#knownMs = Math.max(this.#knownMs, this.nowMs());
    return undefined;
  }
}
