import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsumerState } from './consume/topic-consumer.js';

const pingTimeoutMs = 2000;

/** Ready means: the database answers, and both consumers read and have what they read accepted. */
export const readinessOf =
  (consumers: () => readonly ConsumerState[], ping: () => Promise<boolean>) => async (): Promise<boolean> => {
    if (!consumers().every((consumer) => consumer.working)) return false;
    const giveUp = new AbortController();
    const tooSlow = sleep(pingTimeoutMs, false, { signal: giveUp.signal }).catch(() => false);
    const answered = await Promise.race([ping(), tooSlow]);
    giveUp.abort();
    return answered;
  };
