import { randomBytes } from 'node:crypto';
import { EventLogError, type KafkaLogConfig, openEventLogConsumer, type TopicName } from '@lethe/event-log';
import { print } from '../terminal/print.js';
import { Problem } from '../terminal/problem.js';

const askEveryMs = 200;

const untilInterrupted = (): { readonly done: Promise<void>; stop(): void } => {
  let stop: () => void = () => undefined;
  const done = new Promise<void>((resolve) => {
    stop = resolve;
  });
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return { done, stop };
};

/** Prints each record of a topic on a line, from its beginning; with `once` until there is none left. Rejects with Problem. */
export const readTopic = async (config: KafkaLogConfig, topic: TopicName, once: boolean): Promise<void> => {
  const consumer = await openEventLogConsumer(config);
  const { done, stop } = untilInterrupted();
  try {
    const subscription = await consumer.run({
      topic,
      group: `ops-${randomBytes(8).toString('hex')}`,
      startAt: async () => undefined,
      onBatch: async ({ records }) => {
        for (const { value } of records) print(value.toString('utf8'));
      },
    });
    const timer = setInterval(() => {
      if (once && subscription.lagRecords() === 0 && subscription.lastBatchAtMs() !== undefined) stop();
    }, askEveryMs);
    await done;
    clearInterval(timer);
  } catch (error) {
    if (error instanceof EventLogError) throw new Problem(`The topic cannot be read: ${error.message}.`);
    throw error;
  } finally {
    await consumer.close();
  }
};
