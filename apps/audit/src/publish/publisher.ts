import { setTimeout as sleep } from 'node:timers/promises';
import { EventLogError, type EventLogProducer } from '@lethe/event-log';
import type { Logger } from '@lethe/service-kit';
import type { AuditMetrics } from '../metrics.js';
import type { AuditDatabase } from '../store/database.js';
import { StoreError } from '../store/store-error.js';
import { becomeLeader, markPublished, readNextBatch } from './next-batch.js';

const TOPIC = 'lethe.audit.events.v1';
const POLL_MS = 1000;
const BACKOFF_MS_MIN = 100;
const BACKOFF_MS_MAX = 5000;
/** How long a running publish may still take when the service stops. */
const STOP_GRACE_MS = 2000;

interface PublisherOptions {
  readonly database: AuditDatabase;
  readonly producer: EventLogProducer;
  readonly metrics: AuditMetrics;
  readonly log: Logger;
}

export interface Publisher {
  /** Something was appended: look now instead of at the next poll. */
  wake(): void;
  /** Ends the running publish, cuts it after two seconds, and closes the producer. */
  stop(): Promise<void>;
}

type Step = { readonly kind: 'published' | 'idle' } | { readonly kind: 'failed'; readonly reason: string };

/**
 * Publishes one batch inside the transaction that holds the leader's lock and moves the cursor. When the process dies
 * between the two, the batch is published again: readers tell events apart by their id.
 */
const publishNext = ({ database, producer, metrics }: PublisherOptions): Promise<Step> =>
  database.readAs('all', async (transaction) => {
    if (!(await becomeLeader(transaction))) return { kind: 'idle' };
    const batch = await readNextBatch(transaction);
    metrics.unpublished.set(batch.waiting + batch.records.length);
    if (batch.records.length === 0) return { kind: 'idle' };
    try {
      await producer.publish(TOPIC, batch.records);
    } catch (error) {
      return { kind: 'failed', reason: error instanceof EventLogError ? error.code : 'unavailable' };
    }
    await markPublished(transaction, batch.nextIndex);
    metrics.published.inc(batch.records.length);
    metrics.unpublished.set(batch.waiting);
    return { kind: 'published' };
  });

/** Publishes every event that has its index, in the order of the indexes, for as long as it takes. */
export const startPublisher = (options: PublisherOptions): Publisher => {
  const { metrics, log } = options;
  const stopping = new AbortController();
  let nap = new AbortController();
  let backoffMs = BACKOFF_MS_MIN;

  const rest = async (ms: number): Promise<void> => {
    nap = new AbortController();
    await sleep(ms, undefined, { signal: AbortSignal.any([nap.signal, stopping.signal]) }).catch(() => {});
  };
  const step = (): Promise<Step> =>
    publishNext(options).catch((error: unknown) => ({
      kind: 'failed',
      reason: error instanceof StoreError ? `store_${error.reason}` : 'store_unavailable',
    }));

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const outcome = await step();
      if (outcome.kind === 'failed') {
        metrics.publishFailed.inc({ reason: outcome.reason });
        if (backoffMs === BACKOFF_MS_MIN) log.warn('publish.failed', { reason: outcome.reason });
        await rest(backoffMs);
        backoffMs = Math.min(backoffMs * 2, BACKOFF_MS_MAX);
      } else {
        backoffMs = BACKOFF_MS_MIN;
        if (outcome.kind === 'idle') await rest(POLL_MS);
      }
    }
  };
  const running = run();

  return {
    wake: () => nap.abort(),
    async stop() {
      stopping.abort();
      const cut = setTimeout(() => options.producer.sever(), STOP_GRACE_MS);
      await running;
      clearTimeout(cut);
      await options.producer.close();
    },
  };
};
