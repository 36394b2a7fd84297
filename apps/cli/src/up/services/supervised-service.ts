import { Backoff } from '@lethe/service-kit';
import { remark } from '../../terminal/print.js';
import { Problem } from '../../terminal/problem.js';
import { type Child, type ChildSpec, startChild } from './child.js';
import { LogFile } from './log-file.js';

/** More than end within the time that what they started may outlive them: pauses between attempts grow. */
const formerMax = 8;

export interface ServiceSpec extends Omit<ChildSpec, 'log'> {
  readonly name: string;
  readonly logPath: string;
}

/** Makes what a service is handed over: called anew for each process, so that what must die with one can. */
export type Launch = () => object;

/** One service that runs until it is stopped: when it ends by itself it is started again. */
export class SupervisedService {
  readonly name: string;
  readonly #spec: ChildSpec;
  readonly #log: LogFile;
  readonly #stopping = new AbortController();
  readonly #backoff = new Backoff();
  readonly #onChanged: () => void;
  #launch: Launch = () => ({});
  #child: Child | undefined;
  /** Ended by themselves, newest last: what they had started may outlive them for a moment. */
  #former: readonly Child[] = [];
  #startedAtMs = 0;

  /** `onChanged` is called each time the service is ready again, with another pid, and when its workers change. */
  constructor({ name, logPath, ...spec }: Omit<ServiceSpec, 'onWorkers'>, onChanged: () => void) {
    this.name = name;
    this.#log = new LogFile(logPath);
    this.#spec = { ...spec, log: this.#log, onWorkers: onChanged };
    this.#onChanged = onChanged;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** The processes that serve: its workers, or the service itself. */
  get servingPids(): readonly number[] {
    return this.#child?.servingPids ?? [];
  }

  /** Starts the process, which then loads its code and waits to be told the rest. */
  prepare(): void {
    this.#spawn();
  }

  /**
   * Hands over the launch object and resolves when the service is ready for the first time. Throws Problem when it does
   * not get ready: no second attempt is made then.
   */
  async start(launch: Launch): Promise<void> {
    this.#launch = launch;
    const child = this.#child ?? this.#spawn();
    child.handOver(launch());
    if (await child.ready) {
      this.#keepRunning(child);
      return;
    }
    await child.stop(0);
    if (this.#stopping.signal.aborted) return;
    throw new Problem(
      `${this.name} did not get ready (${await child.exited}).`,
      `What it said is in ${this.#log.path}`,
    );
  }

  /** SIGTERM, then SIGKILL after `withinMs`; resolves when it is gone and will not come back. */
  async stop(withinMs: number): Promise<void> {
    this.#stopping.abort();
    await this.#child?.stop(withinMs);
    await Promise.all(this.#former.map((child) => child.stop(0)));
    this.#log.close();
  }

  #spawn(): Child {
    this.#startedAtMs = performance.now();
    this.#child = startChild(this.#spec);
    return this.#child;
  }

  async #keepRunning(first: Child): Promise<void> {
    const { signal } = this.#stopping;
    for (let child = first; ; ) {
      const how = await child.exited;
      if (signal.aborted) return;
      this.#former = [...this.#former, child].slice(-formerMax);
      remark(`${this.name} ended (${how}): starting it again`);
      this.#log.write(
        `${JSON.stringify({ time: new Date().toISOString(), service: 'cli', event: 'restart' })}\n`,
      );
      await this.#backoff.pause(performance.now() - this.#startedAtMs, signal);
      if (signal.aborted) return;
      child = this.#spawn();
      child.handOver(this.#launch());
      if (await child.ready) this.#onChanged();
      else await child.stop(0);
    }
  }
}
