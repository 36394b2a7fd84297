const everyMs = 1_000;
const everyMsOnTerminal = 100;

/** Says on standard error how far a long check is: one line that changes on a terminal, else a line now and then. */
export class Progress {
  readonly #startedAtMs = performance.now();
  #saidAtMs = performance.now();
  #said = false;

  constructor(private readonly what: string) {}

  report(done: number, total: number): void {
    const isTerminal = process.stderr.isTTY;
    const now = performance.now();
    if (now - this.#saidAtMs < (isTerminal ? everyMsOnTerminal : everyMs)) return;
    this.#saidAtMs = now;
    this.#said = true;
    const perSecond = Math.round((done * 1000) / (now - this.#startedAtMs));
    const percent = total === 0 ? 100 : Math.floor((done * 100) / total);
    const line = `${this.what} … ${done} of ${total} (${percent} %), ${perSecond} a second`;
    process.stderr.write(isTerminal ? `\r\u001b[K${line}` : `${line}\n`);
  }

  end(): void {
    if (this.#said && process.stderr.isTTY) process.stderr.write('\r\u001b[K');
  }
}
