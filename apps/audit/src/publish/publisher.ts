import { EventLogError, type EventLogProducer } from '@lethe/event-log';
import type { Logger } from '@lethe/service-kit';
import type { ReleasedCheckpoint } from '../log/log-reader.js';
import { Nap } from '../log/nap.js';
import type { AuditMetrics } from '../metrics.js';
import type { AuditDatabase, ISql } from '../store/database.js';
import { StoreError } from '../store/store-error.js';
import { asLeader, markPublished, readNextBatch } from './next-batch.js';

const EVENTS_TOPIC = 'lethe.audit.events.v1';
const CHECKPOINTS_TOPIC = 'lethe.audit.checkpoints.v1';
const POLL_MS = 1000;
const BACKOFF_MS_MIN = 100;
const BACKOFF_MS_MAX = 5000;
/** How long a running publish may still take when the service stops. */
const STOP_GRACE_MS = 2000;

interface PublisherOptions {
  readonly database: AuditDatabase;
  readonly producer: EventLogProducer;
  /** Key of the checkpoints. */
  readonly origin: string;
  /** The newest checkpoint that may be shown; undefined while there is none. */
  readonly newestCheckpoint: () => ReleasedCheckpoint | undefined;
  readonly metrics: AuditMetrics;
  readonly log: Logger;
}

export interface Publisher {
  /** Something was appended: look now instead of at the next poll. */
  wake(): void;
  /** Ends the running publish, cuts it after two seconds, and closes the producer. */
  stop(): Promise<void>;
}

type Step =
  | { readonly kind: 'published' | 'idle'; readonly waiting: number }
  | { readonly kind: 'failed'; readonly reason: string };

const idle: Step = { kind: 'idle', waiting: 0 };

/** The next events that are released, then the newest checkpoint unless the topic has it or a newer one. */
const publishNext = async (
  { producer, origin, metrics }: PublisherOptions,
  transaction: ISql,
  newest: ReleasedCheckpoint,
): Promise<Step> => {
  const { records, nextIndex, waiting, publishedSize } = await readNextBatch(transaction, newest.size);
  metrics.unpublished.set(waiting + records.length);
  const done = { nextIndex: nextIndex - records.length, size: publishedSize };
  let failure: EventLogError | undefined;
  try {
    if (records.length > 0) {
      await producer.publish(EVENTS_TOPIC, records);
      done.nextIndex = nextIndex;
      metrics.published.inc(records.length);
      metrics.unpublished.set(waiting);
    }
    if (newest.size > publishedSize) {
      const checkpoint = { key: Buffer.from(origin), value: Buffer.from(newest.note) };
      await producer.publish(CHECKPOINTS_TOPIC, [checkpoint]);
      done.size = newest.size;
    }
  } catch (error) {
    if (!(error instanceof EventLogError)) throw error;
    failure = error;
  }
  const isDone = done.nextIndex > nextIndex - records.length || done.size > publishedSize;
  if (isDone) await markPublished(transaction, done);
  if (failure !== undefined) return { kind: 'failed', reason: failure.code };
  return isDone ? { kind: 'published', waiting } : idle;
};

/**
 * Publishes inside the transaction that holds the leader's lock and moves the cursor. When the process dies between
 * the two, the same is published again: readers tell events apart by their id, and checkpoints by their size.
 */
const publishAsLeader = async (options: PublisherOptions): Promise<Step> => {
  const newest = options.newestCheckpoint();
  if (newest === undefined) return idle;
  return (
    (await asLeader(options.database, (transaction) => publishNext(options, transaction, newest))) ?? idle
  );
};

/** Publishes every event that is released, in the order of the indexes, and the newest checkpoint after each batch. */
export const startPublisher = (options: PublisherOptions): Publisher => {
  const { metrics, log } = options;
  const stopping = new AbortController();
  const nap = new Nap();
  let backoffMs = BACKOFF_MS_MIN;

  const step = async (): Promise<Step> => {
    try {
      return await publishAsLeader(options);
    } catch (error) {
      const reason = error instanceof StoreError ? `store_${error.reason}` : 'store_unavailable';
      return { kind: 'failed', reason };
    }
  };

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const outcome = await step();
      if (outcome.kind === 'failed') {
        metrics.publishFailed.inc({ reason: outcome.reason });
        if (backoffMs === BACKOFF_MS_MIN) log.warn('publish.failed', { reason: outcome.reason });
        await nap.rest(backoffMs, stopping.signal);
        backoffMs = Math.min(backoffMs * 2, BACKOFF_MS_MAX);
      } else {
        backoffMs = BACKOFF_MS_MIN;
        if (outcome.waiting === 0) await nap.rest(POLL_MS, stopping.signal);
      }
    }
  };
  const running = run();

  return {
    wake: () => nap.wake(),
    async stop() {
      stopping.abort();
      const cut = setTimeout(() => options.producer.sever(), STOP_GRACE_MS);
      await running;
      clearTimeout(cut);
      await options.producer.close();
    },
  };
};
