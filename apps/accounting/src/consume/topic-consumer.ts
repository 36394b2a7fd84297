import { once } from 'node:events';
import {
  type Batch,
  type EventLogConfig,
  type EventLogConsumer,
  openEventLogConsumer,
  type Subscription,
  type TopicName,
} from '@lethe/event-log';
import type { Logger } from '@lethe/service-kit';
import { persist, StoppedError } from './persist.js';
import { WaitingSince } from './waiting-since.js';

/** How a consumer is doing. `lagRecords` and `lastBatchAtMs` are undefined until it has connected or read something. */
export interface ConsumerState {
  readonly topic: TopicName;
  /** Connected, and the database takes what it reads. */
  readonly working: boolean;
  readonly lagRecords: number | undefined;
  readonly lastBatchAtMs: number | undefined;
  /** When the oldest record that is not processed was stored, as far as that is known; undefined: none waits. */
  readonly waitingSinceMs: number | undefined;
}

export interface TopicConsumer {
  state(): ConsumerState;
  /** Stops reading; a batch that is not committed is left for the next start. */
  stop(): Promise<void>;
}

interface TopicConsumerOptions {
  readonly config: EventLogConfig;
  readonly topic: TopicName;
  readonly group: string;
  readonly batchRecordsMax: number;
  readonly log: Logger;
  /** Nothing is read before this resolves. */
  readonly after?: Promise<void>;
  /** The database's own next offset: the truth about what is processed. Throws StoreError. */
  readonly nextOffset: (partition: number) => Promise<bigint | undefined>;
  /** Processes a batch and may throw StoreError; then it is called again with the same batch. */
  readonly process: (batch: Batch, signal: AbortSignal) => Promise<void>;
}

/** Reads one topic over a connection of its own and never gives a batch up while the service runs. */
export const startTopicConsumer = (options: TopicConsumerOptions): TopicConsumer => {
  const { topic, log } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const waiting = new WaitingSince();
  let failing = false;
  let consumer: EventLogConsumer | undefined;
  let subscription: Subscription | undefined;
  const keepTrying = <T>(event: string, work: () => Promise<T>): Promise<T> =>
    persist(work, {
      signal,
      log,
      event,
      onFailing: (now) => {
        failing = now;
      },
    });

  const subscribe = async (): Promise<void> => {
    consumer ??= await openEventLogConsumer(options.config);
    subscription = await consumer.run({
      topic,
      group: options.group,
      maxBatchRecords: options.batchRecordsMax,
      startAt: (partition) => keepTrying('consumer.start_position', () => options.nextOffset(partition)),
      onBatch: async (batch) => {
        waiting.begins(batch.records);
        await keepTrying('consumer.batch', () => options.process(batch, signal));
        waiting.processed(batch.records);
      },
    });
  };
  const stopped = once(signal, 'abort');
  const subscribing = Promise.race([options.after, stopped])
    .then(() => keepTrying('consumer.subscribe', subscribe))
    .catch((error) => {
      if (!(error instanceof StoppedError)) log.error('consumer.subscribe_gave_up', error);
    });

  return {
    state: () => ({
      topic,
      working: subscription !== undefined && !failing,
      lagRecords: subscription?.lagRecords(),
      lastBatchAtMs: subscription?.lastBatchAtMs(),
      waitingSinceMs: waiting.at(subscription?.lagRecords()),
    }),
    stop: async () => {
      stopping.abort();
      await subscribing;
      await consumer?.close();
    },
  };
};
