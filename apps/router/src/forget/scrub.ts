/** Overwrites one place of the process where Node keeps content and gives nobody access. */
export interface Scrub {
  /** One pass. Rejects with an Error when the place may not have been overwritten. */
  pass(): Promise<void>;
  /** Nothing is open afterwards; a pass that runs rejects. */
  close(): void;
}

/** How long a pass may take in all. The event loop is free meanwhile. */
export const passMsMax = 2_000;

/** Settles a pass once: by its end, by the connection's end, or by the clock. */
export class Passing {
  #settle: ((error?: Error) => void) | undefined;

  get running(): boolean {
    return this.#settle !== undefined;
  }

  start(begin: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const timeout = setTimeout(() => this.failed(), passMsMax).unref();
      this.#settle = (error) => {
        this.#settle = undefined;
        clearTimeout(timeout);
        if (error === undefined) resolve();
        else reject(error);
      };
      begin();
    });
  }

  done(): void {
    this.#settle?.();
  }

  failed(): void {
    this.#settle?.(new Error('a scrub did not get through'));
  }
}
