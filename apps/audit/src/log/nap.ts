/** A pause between two looks that something may cut short; a wake-up between two pauses is not lost. */
export class Nap {
  #woken = false;
  #end: (() => void) | undefined;

  wake(): void {
    this.#woken = true;
    this.#end?.();
  }

  /** Resolves after `ms`, when woken, at once when woken since the last rest, or when `stopping` fires. */
  async rest(ms: number, stopping: AbortSignal): Promise<void> {
    if (!this.#woken && !stopping.aborted)
      await new Promise<void>((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          stopping.removeEventListener('abort', end);
          this.#end = undefined;
          resolve();
        };
        const timer = setTimeout(end, ms);
        this.#end = end;
        stopping.addEventListener('abort', end);
      });
    this.#woken = false;
  }
}
