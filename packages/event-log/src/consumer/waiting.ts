const firstDelayMs = 200;
const maxDelayMs = 5_000;

/** Milliseconds to wait after the n-th failure in a row (n from 1): doubles, at most 5 s. */
export const backoffMs = (failures: number): number =>
  Math.min(firstDelayMs * 2 ** Math.max(0, failures - 1), maxDelayMs);

/** A wait that can be cut short from elsewhere; one waiter at a time. */
export class Waiting {
  #wake: (() => void) | undefined;
  #pendingWake = false;

  /** Resolves after `ms`, or at once when `wake` was called during or since the last wait. */
  async wait(ms: number): Promise<void> {
    if (!this.#pendingWake) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#wake = undefined;
    this.#pendingWake = false;
  }

  wake(): void {
    this.#pendingWake = true;
    this.#wake?.();
  }
}

/** The promise's outcome, or undefined when it takes longer than `ms`; a late rejection is swallowed. */
export const within = async <T>(ms: number, promise: Promise<T>): Promise<T | undefined> => {
  let timer: NodeJS.Timeout | undefined;
  promise.catch(() => undefined);
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
};
