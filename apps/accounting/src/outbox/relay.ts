import { GrpcCallError, type Logger } from '@lethe/service-kit';
import type postgres from 'postgres';
import { type BackgroundLoop, startLoop } from '../background-loop.js';
import { markSent, type QueuedEvent, unsentEvents } from '../store/outbox-store.js';
import { storeErrorOf } from '../store/store-error.js';

const lockClass = 76;
const lockObject = 3;
const batchEventsMax = 100;
const pollMs = 1000;
const retryMsMax = 10_000;

interface RelayOptions {
  /** A pool of one connection: the leader's lock belongs to its session and ends with it. */
  readonly session: postgres.Sql;
  readonly append: (event: QueuedEvent) => Promise<void>;
  readonly log: Logger;
}

/**
 * Sends queued audit events in their order, one leader at a time, each again until audit has it. An event may arrive
 * twice (audit tells by its id), and none overtakes another.
 */
export const startRelay = ({ session, append, log }: RelayOptions): BackgroundLoop => {
  const sendBatch = async (signal: AbortSignal): Promise<number> => {
    // Asked again each time: a session that was lost took its lock along, and one that has it gets it again.
    const [row] = await session<{ leads: boolean }[]>`
      select pg_try_advisory_lock(${lockClass}, ${lockObject}) as leads`;
    if (row?.leads !== true) return 0;
    const events = await unsentEvents(session, batchEventsMax);
    for (const event of events) {
      if (signal.aborted) return 0;
      await append(event);
      await markSent(session, event);
    }
    return events.length;
  };
  return startLoop({
    event: 'outbox.relay',
    everyMs: pollMs,
    retryMsMax,
    log,
    run: async (signal) => {
      try {
        while ((await sendBatch(signal)) === batchEventsMax);
      } catch (error) {
        throw error instanceof GrpcCallError ? error : storeErrorOf(error);
      }
    },
  });
};
