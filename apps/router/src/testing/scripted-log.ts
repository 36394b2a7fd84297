import { EventLogError, type EventLogProducer, type EventLogRecord, type Position } from '@lethe/event-log';
import { createLogger, type Logger } from '@lethe/service-kit';

/** What a scripted event log does with one call. */
export type Answer = 'stores' | 'fails' | 'hangs';

/** For tests: an event log that does what it is told and notes what it was given, copied at that moment. */
export class ScriptedLog implements EventLogProducer {
  readonly calls: { readonly topic: string; readonly records: readonly EventLogRecord[] }[] = [];
  readonly stored: EventLogRecord[] = [];
  atOnceMax = 0;
  severed = 0;
  #running = 0;
  readonly #hanging: ((error?: Error) => void)[] = [];

  /** `answer` says what happens to the call of this number, counted from 1. */
  constructor(public answer: (call: number) => Answer = () => 'stores') {}

  async publish(topic: string, given: readonly EventLogRecord[]): Promise<readonly Position[]> {
    const records = given.map(({ key, value }) => ({
      key: key === null ? null : Buffer.from(key),
      value: Buffer.from(value),
    }));
    this.calls.push({ topic, records });
    this.#running += 1;
    this.atOnceMax = Math.max(this.atOnceMax, this.#running);
    try {
      const answer = this.answer(this.calls.length);
      if (answer === 'hangs')
        await new Promise<void>((resolve, reject) => {
          this.#hanging.push((error) => (error === undefined ? resolve() : reject(error)));
        });
      else await Promise.resolve();
      if (answer === 'fails') throw new EventLogError('unavailable');
      this.stored.push(...records);
      return records.map(() => ({ partition: 0, offset: 0n }));
    } finally {
      this.#running -= 1;
    }
  }

  /** Lets the calls that hang go on: to the end, or with an error. */
  settle(error?: Error): void {
    for (const settle of this.#hanging.splice(0)) settle(error);
  }

  sever(): void {
    this.severed += 1;
    this.settle(new EventLogError('severed'));
  }

  async close(): Promise<void> {}
}

/** For tests: a logger whose lines can be read. */
export const readableLog = (): { readonly log: Logger; readonly lines: string[] } => {
  const lines: string[] = [];
  return { lines, log: createLogger('router', (line) => lines.push(line)) };
};
