import { setTimeout as pause } from 'node:timers/promises';

const firstMs = 100;
const longestMs = 5_000;
/** Whoever lived that long had not failed at once: the next pause is the first again. */
const steadyMs = 10_000;

/** Pauses before each new attempt: 100 ms, doubled up to 5 s. */
export class Backoff {
  #nextMs = firstMs;

  /** Resolves after the pause, or at once when `signal` fires. `livedMs`: how long the last attempt held. */
  async pause(livedMs: number, signal: AbortSignal): Promise<void> {
    if (livedMs >= steadyMs) this.#nextMs = firstMs;
    const ms = this.#nextMs;
    this.#nextMs = Math.min(ms * 2, longestMs);
    await pause(ms, undefined, { signal }).catch(() => undefined);
  }
}
