import {
  EventLogError,
  type EventLogProducer,
  type EventLogRecord,
  type Position,
  type TopicName,
} from '../port.js';
import { intoBatches } from './batches.js';

/** One connection's life. It is thrown away after any failure, so that a new attempt starts from nothing. */
export interface ProducerSession {
  /** Rejects with any error; `toEventLogError` of the same adapter knows it. */
  append(topic: TopicName, batch: readonly EventLogRecord[]): Promise<readonly Position[]>;
  /** Ends the connections at once, see EventLogProducer.sever. */
  cut(): void;
  /** True when the session was cut from inside, because a write was not allowed. */
  isCut(): boolean;
  /** Disconnects in an orderly way. */
  end(): Promise<void>;
}

export interface SessionFactory {
  connect(): ProducerSession;
  toEventLogError(error: unknown): EventLogError;
  readonly publishTimeoutMs?: number | undefined;
}

const defaultPublishTimeoutMs = 15_000;
const endTimeoutMs = 2_000;

/** What both adapters share: one publish at a time, a bounded time, and a new session after any failure. */
export class SerialProducer implements EventLogProducer {
  readonly #factory: SessionFactory;
  #session: ProducerSession | undefined;
  #running: Promise<unknown> | undefined;
  #interrupt: ((error: EventLogError) => void) | undefined;
  #closed = false;

  constructor(factory: SessionFactory) {
    this.#factory = factory;
  }

  async publish(topic: TopicName, records: readonly EventLogRecord[]): Promise<readonly Position[]> {
    if (this.#closed) throw new EventLogError('closed');
    if (this.#running) throw new EventLogError('concurrent_publish');
    const batches = intoBatches(topic, records);
    const running = this.#publishBatches(topic, batches);
    this.#running = running;
    try {
      return await running;
    } finally {
      this.#running = undefined;
    }
  }

  sever(): void {
    this.#discard();
    this.#interrupt?.(new EventLogError('severed'));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#running?.catch(() => undefined);
    const session = this.#session;
    this.#session = undefined;
    if (!session) return;
    const timer = setTimeout(() => session.cut(), endTimeoutMs);
    await session.end().catch(() => undefined);
    clearTimeout(timer);
    session.cut();
  }

  async #publishBatches(
    topic: TopicName,
    batches: readonly EventLogRecord[][],
  ): Promise<readonly Position[]> {
    const interrupted = new Promise<never>((_, reject) => {
      this.#interrupt = reject;
    });
    interrupted.catch(() => undefined);
    const limitMs = this.#factory.publishTimeoutMs ?? defaultPublishTimeoutMs;
    const timer = setTimeout(() => {
      this.#discard();
      this.#interrupt?.(new EventLogError('timeout'));
    }, limitMs);
    try {
      return await Promise.race([this.#appendAll(topic, batches), interrupted]);
    } finally {
      clearTimeout(timer);
      this.#interrupt = undefined;
    }
  }

  async #appendAll(topic: TopicName, batches: readonly EventLogRecord[][]): Promise<readonly Position[]> {
    this.#session ??= this.#factory.connect();
    const session = this.#session;
    const positions: Position[] = [];
    try {
      for (const batch of batches) {
        if (session.isCut()) throw new EventLogError('severed');
        positions.push(...(await session.append(topic, batch)));
      }
      return positions;
    } catch (error) {
      const severed = session.isCut();
      if (this.#session === session) this.#discard();
      throw severed ? new EventLogError('severed') : this.#factory.toEventLogError(error);
    }
  }

  #discard(): void {
    this.#session?.cut();
    this.#session = undefined;
  }
}
