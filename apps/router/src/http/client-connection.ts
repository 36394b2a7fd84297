import type { CallerResponse } from './caller.js';

/** Whether the caller is still there; what to cut when it leaves. One for each request. */
export class ClientConnection {
  #gone = false;
  #cut: (() => void) | undefined;

  constructor(readonly res: CallerResponse) {
    const left = (): void => {
      if (res.writableFinished || this.#gone) return;
      this.#gone = true;
      this.#cut?.();
    };
    res.on('close', left);
    res.on('error', left);
    if (res.socket !== null) return;
    // Pipelined behind an answer that is not finished: such a response is not told when the connection closes.
    const { socket } = res.req;
    socket.setMaxListeners(0);
    socket.once('close', left);
    res.once('close', () => socket.off('close', left));
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
