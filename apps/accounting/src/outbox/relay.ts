import * as grpc from '@grpc/grpc-js';
import { GrpcCallError, type LaneStep, type Logger, runLanes } from '@lethe/service-kit';
import type postgres from 'postgres';
import { type BackgroundLoop, startLoop } from '../background-loop.js';
import {
  type AuditRefusal,
  markRefused,
  markSent,
  type QueuedEvent,
  type UnsentEvent,
  unsentEvents,
} from '../store/outbox-store.js';
import { storeErrorOf } from '../store/store-error.js';

const lockClass = 76;
const lockObject = 3;
const batchEventsMax = 256;
const lanesMax = 16;
const pollMs = 1000;
const retryMsMax = 10_000;

/** What audit answers when it will never take an event, whatever is done. */
const refusals: Partial<Record<grpc.status, AuditRefusal>> = {
  [grpc.status.INVALID_ARGUMENT]: 'invalid_argument',
  [grpc.status.ALREADY_EXISTS]: 'already_exists',
};

interface RelayOptions {
  /** A pool of one connection: the leader's lock belongs to its session and ends with it. */
  readonly session: postgres.Sql;
  readonly append: (event: QueuedEvent) => Promise<void>;
  readonly log: Logger;
  /** Counts an event that audit refused for ever. */
  readonly onRefused: (code: AuditRefusal) => void;
}

/**
 * Sends queued audit events, those of one organization in their order, one leader at a time, each again until audit
 * has it or refuses it for ever. An event may arrive twice: audit tells by its id.
 */
export const startRelay = (options: RelayOptions): BackgroundLoop => {
  const { session, append, log, onRefused } = options;
  /** Rejects when audit did not take the event and it is to be sent again. */
  const send = async (event: UnsentEvent): Promise<void> => {
    try {
      await append(event);
    } catch (error) {
      const code = error instanceof GrpcCallError ? refusals[error.status] : undefined;
      if (code === undefined) throw error;
      log.error('outbox.event_refused', error, { code, eventId: event.eventId });
      onRefused(code);
      return markRefused(session, event, code);
    }
    await markSent(session, event);
  };
  const sendBatch = async (signal: AbortSignal): Promise<number> => {
    // Asked again each time: a session that was lost took its lock along, and one that has it gets it again.
    const [row] = await session<{ leads: boolean }[]>`
      select pg_try_advisory_lock(${lockClass}, ${lockObject}) as leads`;
    if (row?.leads !== true) return 0;
    const events = await unsentEvents(session, batchEventsMax);
    const failures: unknown[] = [];
    const take = async (event: UnsentEvent): Promise<LaneStep> => {
      try {
        await send(event);
        return 'next';
      } catch (error) {
        failures.push(error);
        return error instanceof GrpcCallError && !error.retriable ? 'stop_lane' : 'stop_all';
      }
    };
    const stopped = () => signal.aborted;
    await runLanes(events, { laneOf: ({ orgId }) => orgId ?? '', take, lanesMax, stopped });
    if (failures.length > 0) throw failures[0];
    return signal.aborted ? 0 : events.length;
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
