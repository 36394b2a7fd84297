import { GuardedSockets } from '@lethe/service-kit';
import type { Admin } from 'kafkajs';
import type { KafkaLogConfig } from '../config.js';
import { kafkaClient } from './client.js';
import { toEventLogError } from './errors.js';

const retry = { retries: 5, initialRetryTime: 200, maxRetryTime: 2_000 };

/** Does some work with a connection for administration, which ends with it. Rejects with EventLogError. */
export const withAdmin = async <T>(
  config: KafkaLogConfig,
  work: (admin: Admin) => Promise<T>,
): Promise<T> => {
  const sockets = new GuardedSockets();
  const admin = kafkaClient(config, sockets, retry).admin();
  try {
    await admin.connect();
    return await work(admin);
  } catch (error) {
    throw toEventLogError(error);
  } finally {
    await admin.disconnect().catch(() => undefined);
    sockets.cut();
  }
};
