import type { PostgresLogConfig } from '../config.js';
import { type EventLogConsumer, EventLogError } from '../port.js';
import { PostgresSubscription } from './subscription.js';

/** The Postgres adapter of EventLogConsumer. */
export const openPostgresConsumer = (config: PostgresLogConfig): EventLogConsumer => {
  const subscriptions = new Set<PostgresSubscription>();
  let closed = false;
  return {
    run: async (options) => {
      if (closed) throw new EventLogError('closed');
      const subscription = new PostgresSubscription(config, options);
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
