import type { ServerResponse } from 'node:http';

/** Whether the caller is still there; what to cut when it leaves. One for each request. */
export class ClientConnection {
  #gone = false;
  #cut: (() => void) | undefined;

  constructor(res: ServerResponse) {
    res.once('close', () => {
      if (res.writableFinished) return;
      this.#gone = true;
      this.#cut?.();
    });
  }

  get gone(): boolean {
    return this.#gone;
  }

  /** Registers what cuts the current attempt; called at once when the caller has left already. */
  readonly onGone = (cut: () => void): void => {
    this.#cut = cut;
    if (this.#gone) cut();
  };
}
