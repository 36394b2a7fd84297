import type { AppendableEvent } from '../append/read-event.js';
import type { AppendOptions, Intake } from '../log/intake.js';
import type { PlacedProof } from '../log/log-reader.js';
import { Nap } from '../log/nap.js';
import { StoreError } from '../store/store-error.js';
import { PendingQueue, type QueueLimits, queueLimits } from './pending-queue.js';
import { type BatchContext, runBatch } from './run-batch.js';

export interface Sequencer extends Intake {
  /** Calls that wait now. */
  readonly waiting: number;
  /** Takes no more events; resolves once those that wait are answered. */
  stop(): Promise<void>;
}

/** A call that is not answered yet. */
interface OpenCall {
  readonly event: AppendableEvent;
  readonly withProof: boolean;
  readonly placed: Promise<PlacedProof>;
}

/** Batches of this many events begin at least this far apart: what a batch costs by itself is then shared by more. */
const BUSY_BATCH_EVENTS = 8;
const BUSY_PERIOD_MS = 50;

const isSame = (a: AppendableEvent, b: AppendableEvent): boolean =>
  a.orgId === b.orgId && a.body.equals(b.body);

const blamesEvent = (error: unknown): boolean =>
  error instanceof StoreError && (error.reason === 'event_id_taken' || error.reason === 'event_refused');

/**
 * Gathers events while a batch runs, so that the next one takes them all: at low rates each is a batch of its own. Who
 * asks again for an event that is on its way is answered together with who asked first.
 */
export const createSequencer = (context: BatchContext, limits: QueueLimits = queueLimits): Sequencer => {
  const queue = new PendingQueue(limits);
  const open = new Map<string, OpenCall>();
  const gathering = new Nap();
  const stopping = new AbortController();
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    while (queue.length > 0) {
      const beganMs = performance.now();
      const batch = queue.take();
      await runBatch(context, batch);
      const restMs = beganMs + BUSY_PERIOD_MS - performance.now();
      const isBusy = batch.length >= BUSY_BATCH_EVENTS && queue.length < limits.batchEventsMax;
      if (isBusy && restMs > 0) await gathering.rest(restMs, stopping.signal);
    }
    running = undefined;
  };

  const enqueue = (
    event: AppendableEvent,
    { withProof = true, order }: AppendOptions,
  ): Promise<PlacedProof> =>
    new Promise((resolve, fail) => {
      const reject = (error: unknown): void => {
        if (order !== undefined && !blamesEvent(error)) order.broken = true;
        fail(error);
      };
      const isTooLate = (): boolean => order?.broken === true;
      if (isTooLate()) return reject(new StoreError('unavailable', ''));
      if (!queue.offer({ event, withProof, isTooLate, resolve, reject }))
        return reject(new StoreError('queue_full', ''));
      running ??= run();
      if (queue.length >= limits.batchEventsMax) gathering.wake();
    });

  return {
    get waiting() {
      return queue.length;
    },
    append: async (event, options = {}) => {
      if (stopping.signal.aborted) throw new StoreError('unavailable', '');
      const { withProof = true, order } = options;
      const twin = open.get(event.eventId);
      // Who asks in an order waits in it, and who wants a proof is not answered with none.
      const isAnsweredWith = twin !== undefined && order === undefined && (twin.withProof || !withProof);
      if (isAnsweredWith && isSame(twin.event, event)) return await twin.placed;
      const placed = enqueue(event, options);
      if (twin !== undefined) return await placed;
      open.set(event.eventId, { event, withProof, placed });
      try {
        return await placed;
      } finally {
        open.delete(event.eventId);
      }
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
};
