import { setTimeout as pause } from 'node:timers/promises';

/** A pause between two looks that something may cut short; a wake-up between two pauses is not lost. */
export class Nap {
  #ending = new AbortController();
  #woken = false;

  wake(): void {
    this.#woken = true;
    this.#ending.abort();
  }

  /** Resolves after `ms`, when woken, at once when woken since the last rest, or when `stopping` fires. */
  async rest(ms: number, stopping: AbortSignal): Promise<void> {
    if (!this.#woken) {
      this.#ending = new AbortController();
      const signal = AbortSignal.any([this.#ending.signal, stopping]);
      await pause(ms, undefined, { signal }).catch(() => {});
    }
    this.#woken = false;
  }
}
