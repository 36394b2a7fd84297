import { GuardedSockets } from '@lethe/service-kit';
import type { Consumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import type { KafkaLogConfig } from '../config.js';
import { backoffMs, within } from '../consumer/waiting.js';
import type { RunOptions, StoredRecord } from '../port.js';
import { rulesOf } from '../topics.js';
import { kafkaClient } from './client.js';
import { LogBounds } from './log-bounds.js';

const heartbeatMs = 3_000;
const defaultSessionTimeoutMs = 30_000;
const rebalanceTimeoutMs = 60_000;
const maxWaitMs = 500;
const maxBytesPerPartition = 1_048_576;
const maxBytes = 4 * maxBytesPerPartition;
const disconnectTimeoutMs = 10_000;
const defaultBatchRecords = 500;
const watchMs = 2_000;
const noBytes = Buffer.alloc(0);

const toStored = (
  partition: number,
  { key, value, headers, offset, timestamp }: KafkaMessage,
): StoredRecord => ({
  partition,
  offset: BigInt(offset),
  timestampMs: Number(timestamp),
  key,
  value: value ?? noBytes,
  ...(headers && {
    headers: Object.fromEntries(Object.entries(headers).map(([name, v]) => [name, String(v)])),
  }),
});

/** Counters that outlive a session. */
export interface Progress {
  lastBatchAtMs: number | undefined;
}

/** One kafkajs consumer from connect to its end. */
export class ConsumerSession {
  /** Resolves when the session delivers no more: stopped, crashed, or silent for too long. */
  readonly ended: Promise<void>;
  #end: () => void = () => undefined;
  readonly #options: RunOptions;
  readonly #progress: Progress;
  readonly #sockets = new GuardedSockets();
  readonly #consumer: Consumer;
  readonly #bounds: LogBounds;
  readonly #positions = new Map<number, bigint>();
  readonly #failures = new Map<number, number>();
  readonly #resumes = new Set<NodeJS.Timeout>();
  /** Grows with each assignment, and at the end: what was begun under an older one has no say. */
  #assignment = 0;
  #stopped = false;
  #batch: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  /** kafkajs can stop fetching without a crash; a fetch takes half a second. */
  readonly #silenceMs: number;
  #lastFetchAt = performance.now();
  #watch: NodeJS.Timeout | undefined;

  constructor(config: KafkaLogConfig, options: RunOptions, progress: Progress) {
    this.#options = options;
    this.#progress = progress;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    const sessionTimeout = config.sessionTimeoutMs ?? defaultSessionTimeoutMs;
    this.#silenceMs = 2 * sessionTimeout;
    const client = kafkaClient(config, this.#sockets, {
      retries: 3,
      initialRetryTime: 100,
      maxRetryTime: 1_000,
    });
    this.#bounds = new LogBounds(client.admin(), options.topic);
    this.#consumer = client.consumer({
      groupId: options.group,
      allowAutoTopicCreation: false,
      sessionTimeout,
      rebalanceTimeout: rebalanceTimeoutMs,
      heartbeatInterval: heartbeatMs,
      maxWaitTimeInMs: maxWaitMs,
      maxBytesPerPartition,
      maxBytes,
      // Long enough to outlive a broker's restart as the same member of the group; a crash is ours to repair.
      retry: { retries: 20, initialRetryTime: 100, maxRetryTime: 1_500, restartOnFailure: async () => false },
    });
  }

  /** Rejects with what kafkajs throws when the first connection fails. */
  async start(): Promise<void> {
    const { topic } = this.#options;
    const { events } = this.#consumer;
    rulesOf(topic);
    await this.#bounds.connect();
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: [topic], fromBeginning: true });
    this.#consumer.on(events.GROUP_JOIN, ({ payload }) =>
      this.#assigned(payload.memberAssignment[topic] ?? []),
    );
    this.#consumer.on(events.FETCH, () => {
      this.#lastFetchAt = performance.now();
    });
    this.#consumer.on(events.CRASH, () => this.#end());
    this.#watch = setInterval(() => this.#endIfSilent(), watchMs);
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: (payload) => this.#eachBatch(payload),
    });
  }

  lagRecords(): number {
    return this.#bounds.lag(this.#positions);
  }

  /** Waits for a running batch; ends the sockets when kafkajs does not disconnect in time. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#stopped = true;
    this.#assignment += 1;
    clearInterval(this.#watch);
    for (const timer of this.#resumes) clearTimeout(timer);
    this.#end();
    await this.#batch;
    await Promise.all([
      within(disconnectTimeoutMs, this.#consumer.disconnect()).catch(() => undefined),
      this.#bounds.close(disconnectTimeoutMs).catch(() => undefined),
    ]);
    this.#sockets.cut();
  }

  #endIfSilent(): void {
    if (!this.#batch && performance.now() - this.#lastFetchAt > this.#silenceMs) this.#end();
  }

  /** Nothing is fetched until the caller has said where to start: it keeps the offsets, the group has none. */
  #assigned(partitions: number[]): void {
    this.#assignment += 1;
    this.#positions.clear();
    const { topic } = this.#options;
    if (this.#stopped || partitions.length === 0) return;
    this.#consumer.pause([{ topic, partitions }]);
    for (const partition of partitions) void this.#locate(partition, this.#assignment, 1);
  }

  async #locate(partition: number, assignment: number, attempt: number): Promise<void> {
    const { topic, startAt } = this.#options;
    try {
      await this.#bounds.refresh();
      const start = this.#bounds.clamp(partition, await startAt(partition));
      if (assignment !== this.#assignment) return;
      this.#positions.set(partition, start);
      this.#consumer.seek({ topic, partition, offset: String(start) });
      this.#consumer.resume([{ topic, partitions: [partition] }]);
    } catch {
      this.#later(
        assignment,
        backoffMs(attempt),
        () => void this.#locate(partition, assignment, attempt + 1),
      );
    }
  }

  #later(assignment: number, delayMs: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#resumes.delete(timer);
      if (assignment === this.#assignment) act();
    }, delayMs);
    this.#resumes.add(timer);
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    // A batch may take longer than the group's patience.
    const beat = setInterval(() => void payload.heartbeat().catch(() => undefined), heartbeatMs);
    this.#batch = this.#deliverOrPause(payload);
    await this.#batch;
    this.#batch = undefined;
    this.#lastFetchAt = performance.now();
    clearInterval(beat);
  }

  async #deliverOrPause(payload: EachBatchPayload): Promise<void> {
    const { batch, pause } = payload;
    const assignment = this.#assignment;
    try {
      await this.#deliver(payload, assignment);
      this.#failures.delete(batch.partition);
    } catch {
      // Paused, not thrown: kafkajs answers a throw with a restart, and a restart is a rebalance for everyone.
      const failures = (this.#failures.get(batch.partition) ?? 0) + 1;
      this.#failures.set(batch.partition, failures);
      const resume = pause();
      this.#later(assignment, backoffMs(failures), resume);
    }
  }

  async #deliver(
    { batch, resolveOffset, isRunning, isStale }: EachBatchPayload,
    assignment: number,
  ): Promise<void> {
    const { onBatch, maxBatchRecords = defaultBatchRecords } = this.#options;
    const { partition, messages } = batch;
    for (let from = 0; from < messages.length; from += maxBatchRecords) {
      if (this.#stopped || !isRunning() || isStale() || assignment !== this.#assignment) return;
      const chunk = messages.slice(from, from + maxBatchRecords);
      const last = chunk.at(-1);
      if (!last) return;
      await onBatch({ partition, records: chunk.map((message) => toStored(partition, message)) });
      this.#progress.lastBatchAtMs = Date.now();
      if (assignment === this.#assignment) this.#positions.set(partition, BigInt(last.offset) + 1n);
      resolveOffset(last.offset);
    }
  }
}
