import cluster from 'node:cluster';
import type { Logger } from '@lethe/service-kit';
import { DepartedCounts, type Figure, sumOf } from './figures.js';
import { renewedLaunch, workerFlags, workerLaunch, workerRouterId } from './worker-launch.js';
import { WorkerSlot } from './worker-slot.js';

export interface PoolOptions {
  /** The program of a worker. */
  readonly program: string;
  readonly workers: number;
  readonly routerId: string;
  /** The primary's own launch object. */
  readonly launched: object;
  readonly log: Logger;
  /** The processes that serve have changed. */
  readonly onChange: (pids: readonly number[]) => void;
}

/** How the workers are: what each counted, and what those counted that are gone. */
export interface PoolSample {
  readonly ready: number;
  readonly sources: readonly (readonly Figure[])[];
}

const answerMsMax = 2_000;
/** Later lines of the launcher that a replacement is told as well. */
const updatesMax = 16;

/** All workers of one router. The system's connections are handed to them in turn; none is read here. */
export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #slots: readonly WorkerSlot[];
  readonly #departed = new DepartedCounts();
  readonly #updates: unknown[] = [];
  #launched: object;
  #sampling: Promise<PoolSample> | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    const { routerId, workers, log, onChange } = options;
    this.#launched = options.launched;
    this.#slots = Array.from(
      { length: workers },
      (_, index) =>
        new WorkerSlot({
          index,
          log,
          lines: () => [workerLaunch(this.#launched, workerRouterId(routerId, index)), ...this.#updates],
          onChange: () => onChange(this.pids),
          onGone: ({ lastAnswer }) => this.#departed.add(lastAnswer?.figures ?? []),
        }),
    );
  }

  /** Of the processes that serve. */
  get pids(): readonly number[] {
    return this.#slots.flatMap(({ serving }) => (serving === undefined ? [] : [serving.pid]));
  }

  /** Resolves to true when all workers serve; to false when one does not get ready. */
  async start(): Promise<boolean> {
    cluster.schedulingPolicy = cluster.SCHED_RR;
    cluster.setupPrimary({
      exec: this.#options.program,
      args: [],
      execArgv: workerFlags(process.execArgv),
      stdio: ['pipe', 'pipe', 'inherit', 'ipc'],
    });
    const started = await Promise.all(this.#slots.map((slot) => slot.start()));
    return started.every(Boolean);
  }

  /**
   * A later line of the launcher: for every worker there is, and for those that follow. What it `renewed` of the launch
   * object, those that follow are launched with: what they were renewed from may have run out by then.
   */
  tell(value: unknown, renewed: readonly string[] = []): void {
    this.#launched = renewedLaunch(this.#launched, value, renewed);
    if (renewed.length === 0) this.#updates.push(value);
    if (this.#updates.length > updatesMax) this.#updates.shift();
    for (const slot of this.#slots) slot.tell(value);
  }

  /** Asks all workers at once; whoever asks meanwhile gets the same answer. */
  sample(): Promise<PoolSample> {
    this.#sampling ??= this.#ask().finally(() => {
      this.#sampling = undefined;
    });
    return this.#sampling;
  }

  /** All workers end their requests side by side; those that take longer are killed. */
  async stop(withinMs: number): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.stop(withinMs)));
  }

  async #ask(): Promise<PoolSample> {
    const answered = await Promise.all(
      this.#slots.map(async (slot) => {
        const { serving } = slot;
        const answer = await serving?.ask(answerMsMax);
        return { slot, serving, ready: answer?.ready ?? false };
      }),
    );
    // Looked at only now, at one moment: one that has gone meanwhile is counted among the departed. One that was too
    // busy to answer keeps the counts it gave before.
    const asked = answered.map(({ slot, serving, ready }) => {
      const still = serving !== undefined && slot.serving === serving;
      return { slot, ready: still && ready, figures: still ? (serving.lastAnswer?.figures ?? []) : [] };
    });
    const ready = asked.filter((each) => each.ready).length;
    const figure = (name: string, values: Figure['values']): Figure => ({
      name,
      type: name.endsWith('_total') ? 'counter' : 'gauge',
      aggregator: 'sum',
      values,
    });
    const own = [
      figure('lethe_router_workers', [{ labels: {}, value: this.#slots.length }]),
      figure('lethe_router_workers_ready', [{ labels: {}, value: ready }]),
      figure(
        'lethe_router_worker_replaced_total',
        asked.map(({ slot }) => ({ labels: { worker: slot.index }, value: slot.replaced })),
      ),
      figure(
        'lethe_router_worker_requests_total',
        asked.map(({ slot, figures }) => ({
          labels: { worker: slot.index },
          value: sumOf(figures, 'lethe_router_requests_total'),
        })),
      ),
    ];
    return { ready, sources: [...asked.map(({ figures }) => figures), this.#departed.figures, own] };
  }
}
