import type { KafkaLogConfig } from '../config.js';
import { backoffMs, Waiting } from '../consumer/waiting.js';
import { type EventLogConsumer, EventLogError, type RunOptions, type Subscription } from '../port.js';
import { ConsumerSession, type Progress } from './consumer-session.js';
import { toEventLogError } from './errors.js';

/** A session that lived this long was a good one: the next failure counts as the first. */
const soundSessionMs = 60_000;

/** Keeps one session alive until stopped: a session that ended by itself is replaced by a new one. */
class KafkaSubscription implements Subscription {
  readonly #config: KafkaLogConfig;
  readonly #options: RunOptions;
  readonly #progress: Progress = { lastBatchAtMs: undefined };
  readonly #waiting = new Waiting();
  #session: ConsumerSession | undefined;
  #supervising: Promise<void> | undefined;
  #stopped = false;

  constructor(config: KafkaLogConfig, options: RunOptions) {
    this.#config = config;
    this.#options = options;
  }

  async start(): Promise<void> {
    const session = await this.#open();
    this.#supervising = this.#supervise(session);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#waiting.wake();
    await this.#session?.stop();
    await this.#supervising;
  }

  lagRecords(): number {
    return this.#session?.lagRecords() ?? 0;
  }

  lastBatchAtMs(): number | undefined {
    return this.#progress.lastBatchAtMs;
  }

  async #open(): Promise<ConsumerSession> {
    const session = new ConsumerSession(this.#config, this.#options, this.#progress);
    try {
      await session.start();
    } catch (error) {
      await session.stop();
      throw toEventLogError(error);
    }
    this.#session = session;
    return session;
  }

  async #supervise(first: ConsumerSession): Promise<void> {
    let session: ConsumerSession | undefined = first;
    let failures = 0;
    while (!this.#stopped) {
      const startedAt = performance.now();
      await session?.ended;
      await session?.stop();
      if (this.#stopped) return;
      failures = performance.now() - startedAt > soundSessionMs ? 1 : failures + 1;
      await this.#waiting.wait(backoffMs(failures));
      if (this.#stopped) return;
      session = await this.#open().catch(() => undefined);
    }
    await session?.stop();
  }
}

/** The Kafka adapter of EventLogConsumer. */
export const openKafkaConsumer = (config: KafkaLogConfig): EventLogConsumer => {
  const subscriptions = new Set<KafkaSubscription>();
  let closed = false;
  return {
    run: async (options) => {
      if (closed) throw new EventLogError('closed');
      const subscription = new KafkaSubscription(config, options);
      await subscription.start();
      subscriptions.add(subscription);
      return subscription;
    },
    close: async () => {
      closed = true;
      await Promise.all([...subscriptions].map((subscription) => subscription.stop()));
      subscriptions.clear();
    },
  };
};
