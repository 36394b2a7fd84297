import type { PostgresLogConfig } from '../config.js';
import { backoffMs, Waiting, within } from '../consumer/waiting.js';
import { EventLogError, type RunOptions, type StoredRecord, type Subscription } from '../port.js';
import { rulesOf } from '../topics.js';
import { type Connection, openConnection } from './connection.js';
import { toEventLogError } from './errors.js';
import { bounds, claim, deleteExpired, partition, read } from './statements.js';

const defaultPollMs = 500;
const defaultRetentionMs = 60_000;
const defaultBatchRecords = 500;
const boundsMs = 5_000;
const answerTimeoutMs = 15_000;
const expiredPerRun = 10_000;

/** Reads one topic for one group: claim the group on a connection, ask where to start, read on from there. */
export class PostgresSubscription implements Subscription {
  readonly #config: PostgresLogConfig;
  readonly #options: RunOptions;
  /** Between looks at the log; a notification ends it early. */
  readonly #idle = new Waiting();
  /** After a failure; only stop ends it early. */
  readonly #pause = new Waiting();
  #connection: Connection | undefined;
  #claimed = false;
  #position: bigint | undefined;
  #next = 0n;
  #boundsAskedAt = -Infinity;
  #lastBatchAtMs: number | undefined;
  #retention: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(config: PostgresLogConfig, options: RunOptions) {
    this.#config = config;
    this.#options = options;
  }

  /** Rejects with EventLogError when the first connection fails or is refused. */
  async start(): Promise<void> {
    try {
      await this.#claim();
    } catch (error) {
      this.#drop();
      throw toEventLogError(error);
    }
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#idle.wake();
    this.#pause.wake();
    await this.#running;
    clearInterval(this.#retention);
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.end();
  }

  lagRecords(): number {
    return this.#position === undefined ? 0 : Math.max(0, Number(this.#next - this.#position));
  }

  lastBatchAtMs(): number | undefined {
    return this.#lastBatchAtMs;
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#stopped; ) {
      try {
        await this.#step();
        failures = 0;
      } catch {
        failures += 1;
        this.#drop();
        await this.#pause.wait(backoffMs(failures));
      }
    }
  }

  async #step(): Promise<void> {
    if (!(await this.#claim())) return this.#idle.wait(this.#pollMs);
    this.#position ??= await this.#locate();
    await this.#refreshBounds();
    const { sql } = this.#open();
    const limit = this.#options.maxBatchRecords ?? defaultBatchRecords;
    const records = await this.#answer(read(sql, this.#options.topic, this.#position, limit));
    const last = records.at(-1);
    // Polling finds every record; a notification only makes it sooner.
    if (!last) return this.#idle.wait(this.#pollMs);
    if (await this.#deliver(records)) this.#position = last.offset + 1n;
  }

  get #pollMs(): number {
    return this.#config.pollIntervalMs ?? defaultPollMs;
  }

  #open(): Connection {
    this.#connection ??= openConnection(this.#config, { onNotify: () => this.#idle.wake() });
    return this.#connection;
  }

  /** The lock lives as long as the connection, so a claim needs no renewal and a lost connection gives it up. */
  async #claim(): Promise<boolean> {
    if (this.#claimed) return true;
    const { sql } = this.#open();
    const { topic, group } = this.#options;
    this.#claimed = await this.#answer(claim(sql, topic, group));
    if (!this.#claimed) return false;
    await this.#answer(sql`listen lethe_event_log`);
    this.#startRetention();
    return true;
  }

  async #locate(): Promise<bigint> {
    const wanted = await this.#options.startAt(partition);
    const { earliest, next } = await this.#askBounds();
    return wanted === undefined || wanted < earliest || wanted > next ? earliest : wanted;
  }

  async #refreshBounds(): Promise<void> {
    if (performance.now() - this.#boundsAskedAt > boundsMs) await this.#askBounds();
  }

  async #askBounds(): Promise<{ earliest: bigint; next: bigint }> {
    const found = await this.#answer(bounds(this.#open().sql, this.#options.topic));
    this.#boundsAskedAt = performance.now();
    this.#next = found.next;
    return found;
  }

  /** Delivers until the batch is processed; false when stopped before. */
  async #deliver(records: readonly StoredRecord[]): Promise<boolean> {
    for (let failures = 1; !this.#stopped; failures += 1) {
      try {
        await this.#options.onBatch({ partition, records });
        this.#lastBatchAtMs = Date.now();
        return true;
      } catch {
        await this.#pause.wait(backoffMs(failures));
      }
    }
    return false;
  }

  /** What a broker does for Kafka: a topic with a retention must lose its old records while anybody reads it. */
  #startRetention(): void {
    clearInterval(this.#retention);
    if (rulesOf(this.#options.topic).family !== 'insight') return;
    const { sql } = this.#open();
    const remove = (): void => void deleteExpired(sql, expiredPerRun).catch(() => undefined);
    this.#retention = setInterval(remove, this.#config.retentionIntervalMs ?? defaultRetentionMs);
  }

  async #answer<T>(query: Promise<T>): Promise<T> {
    const outcome = await within(
      answerTimeoutMs,
      query.then((value) => ({ value })),
    );
    if (!outcome) throw new EventLogError('timeout');
    return outcome.value;
  }

  /** Everything is asked anew after a failure: the claim, the caller's offset, the bounds. */
  #drop(): void {
    clearInterval(this.#retention);
    this.#connection?.sockets.cut();
    this.#connection = undefined;
    this.#claimed = false;
    this.#position = undefined;
  }
}
