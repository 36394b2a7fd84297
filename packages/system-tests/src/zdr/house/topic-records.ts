import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { openEventLogConsumer, type TopicName } from '@lethe/event-log';
import type { House } from './house.js';

const quietMs = 1_500;
const readWithinMs = 30_000;

/** Every record that a topic holds, whoever may read it. */
export const topicRecords = async (house: House, topic: TopicName): Promise<Buffer[]> => {
  if (house.eventLog.kind === 'postgres')
    return house.databases.as('event_log', async (sql) => {
      const rows = await sql<{ value: Buffer }[]>`
        select value from event_log.record where topic = ${topic} order by record_offset`;
      return rows.map(({ value }) => value);
    });
  const values: Buffer[] = [];
  let lastAtMs = performance.now();
  const consumer = await openEventLogConsumer(house.eventLog);
  try {
    const subscription = await consumer.run({
      topic,
      group: `zdr-${randomUUID()}`,
      startAt: async () => undefined,
      onBatch: async ({ records }) => {
        lastAtMs = performance.now();
        values.push(...records.map(({ value }) => value));
      },
    });
    const startedAtMs = performance.now();
    // A group that has just been made needs a while until it is given its partitions.
    while (performance.now() - startedAtMs < readWithinMs) {
      await pause(100);
      const isRead = values.length > 0 && subscription.lagRecords() === 0;
      if (isRead && performance.now() - lastAtMs > quietMs) break;
    }
    return values;
  } finally {
    await consumer.close();
  }
};
