import { Backoff, type Logger } from '@lethe/service-kit';
import { WorkerProcess } from './worker-process.js';

export interface SlotOptions {
  readonly index: number;
  readonly log: Logger;
  /** What the process of this slot is told, line by line; called for each process anew. */
  readonly lines: () => readonly unknown[];
  /** The process that serves has changed: there is a new one, or none. */
  readonly onChange: () => void;
  readonly onGone: (gone: WorkerProcess) => void;
}

/** The place of one worker: whoever ends there is replaced, until it is stopped. */
export class WorkerSlot {
  readonly #options: SlotOptions;
  readonly #stopping = new AbortController();
  readonly #backoff = new Backoff();
  #process: WorkerProcess | undefined;
  #serving: WorkerProcess | undefined;
  #startedAtMs = 0;
  #replaced = 0;

  constructor(options: SlotOptions) {
    this.#options = options;
  }

  get index(): number {
    return this.#options.index;
  }

  /** The process that serves; undefined between the end of one and the readiness of the next. */
  get serving(): WorkerProcess | undefined {
    return this.#serving;
  }

  get replaced(): number {
    return this.#replaced;
  }

  /** Resolves to true when the first process serves, to false when it does not get ready: no second one is tried then. */
  async start(): Promise<boolean> {
    const first = this.#spawn();
    if (!(await first.ready)) {
      await first.stop(0);
      return false;
    }
    this.#serve(first);
    this.#keepRunning(first).catch((error) => this.#options.log.error('worker.slot_failed', error));
    return true;
  }

  /** Hands a later line to the process that is there. */
  tell(value: unknown): void {
    this.#process?.tell(value);
  }

  async stop(withinMs: number): Promise<void> {
    this.#stopping.abort();
    await this.#process?.stop(withinMs);
  }

  #spawn(): WorkerProcess {
    this.#startedAtMs = performance.now();
    const process = new WorkerProcess();
    this.#process = process;
    for (const line of this.#options.lines()) process.tell(line);
    return process;
  }

  #serve(process: WorkerProcess): void {
    this.#serving = process;
    this.#options.onChange();
  }

  async #keepRunning(first: WorkerProcess): Promise<void> {
    const { signal } = this.#stopping;
    const { index, log, onChange, onGone } = this.#options;
    for (let current = first; ; ) {
      const { exitCode, signal: by } = await current.exited;
      onGone(current);
      if (this.#serving === current) {
        this.#serving = undefined;
        if (!signal.aborted) onChange();
      }
      if (signal.aborted) return;
      log.warn('worker.ended', { index, pid: current.pid, exitCode, signal: by });
      await this.#backoff.pause(performance.now() - this.#startedAtMs, signal);
      if (signal.aborted) return;
      current = this.#spawn();
      this.#replaced += 1;
      if (await current.ready) {
        log.info('worker.replaced', { index, pid: current.pid });
        this.#serve(current);
      } else if (!signal.aborted) await current.stop(0);
    }
  }
}
