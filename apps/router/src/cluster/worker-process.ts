import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type Answer, answerSchema, type Question } from './messages.js';

/** How a process ended: by its exit code or by a signal. */
export interface WorkerEnd {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
}

const readyMsMax = 45_000;

const saysReady = async (stdout: Readable, exited: Promise<unknown>): Promise<boolean> => {
  const lines = createInterface({ input: stdout });
  const said = once(lines, 'line', { signal: AbortSignal.timeout(readyMsMax) }).then(
    ([line]) => String(line).startsWith('{"ready":true'),
    () => false,
  );
  const isReady = await Promise.race([said, exited.then(() => false)]);
  lines.close();
  // What it may still print is read and dropped: a full pipe would stop it.
  stdout.resume();
  return isReady;
};

/** One process of the cluster, from fork to end. It is told its launch object on its standard input. */
export class WorkerProcess {
  /** Resolves to true once it serves, to false when it ends before, or says nothing in time. */
  readonly ready: Promise<boolean>;
  readonly exited: Promise<WorkerEnd>;
  readonly pid: number;
  readonly #worker: Worker;
  #questions = 0;
  #lastAnswer: Answer | undefined;

  constructor() {
    const worker = cluster.fork();
    this.#worker = worker;
    this.pid = worker.process.pid ?? 0;
    this.exited = new Promise((resolve) => {
      worker.on('error', () => {
        if (worker.process.pid === undefined) resolve({ exitCode: undefined, signal: undefined });
      });
      worker.once('exit', (code: number | null, signal: string | null) =>
        resolve({ exitCode: code ?? undefined, signal: signal ?? undefined }),
      );
    });
    const { stdin, stdout } = worker.process;
    stdin?.on('error', () => undefined);
    this.ready = stdout === null ? Promise.resolve(false) : saysReady(stdout, this.exited);
  }

  /** The newest answer it gave; its counts outlive it. */
  get lastAnswer(): Answer | undefined {
    return this.#lastAnswer;
  }

  /** Writes one line: the launch object first, then whatever the launcher hands over later. */
  tell(value: unknown): void {
    this.#worker.process.stdin?.write(`${JSON.stringify(value)}\n`);
  }

  /** Asks how it is. Resolves to undefined when it ends, answers nonsense, or not in time. */
  ask(withinMs: number): Promise<Answer | undefined> {
    const worker = this.#worker;
    if (!worker.isConnected()) return Promise.resolve(undefined);
    this.#questions += 1;
    const asked: Question = { question: this.#questions };
    return new Promise((resolve) => {
      const done = (answer: Answer | undefined): void => {
        clearTimeout(timer);
        worker.off('message', hear);
        worker.off('disconnect', gone);
        if (answer !== undefined) this.#lastAnswer = answer;
        resolve(answer);
      };
      const gone = (): void => done(undefined);
      const hear = (message: unknown): void => {
        const read = answerSchema.safeParse(message);
        if (!read.success) done(undefined);
        else if (read.data.question === asked.question) done(read.data);
      };
      const timer = setTimeout(gone, withinMs);
      worker.on('message', hear);
      worker.on('disconnect', gone);
      worker.send(asked, (error) => {
        if (error !== null) gone();
      });
    });
  }

  /** SIGTERM and the end of its standard input; SIGKILL when it is still there after `withinMs`. */
  async stop(withinMs: number): Promise<void> {
    this.#worker.process.kill('SIGTERM');
    this.#worker.process.stdin?.end();
    const kill = setTimeout(() => this.#worker.process.kill('SIGKILL'), withinMs);
    await this.exited;
    clearTimeout(kill);
  }
}
