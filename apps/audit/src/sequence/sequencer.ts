import type { Intake } from '../log/intake.js';
import type { PlacedProof } from '../log/log-reader.js';
import { StoreError } from '../store/store-error.js';
import { PendingQueue, type QueueLimits, queueLimits } from './pending-queue.js';
import { type BatchContext, runBatch } from './run-batch.js';

export interface Sequencer extends Intake {
  /** Calls that wait now. */
  readonly waiting: number;
  /** Takes no more events; resolves once those that wait are answered. */
  stop(): Promise<void>;
}

/** Gathers events while a batch runs, so that the next one takes them all: at low rates each is a batch of its own. */
export const createSequencer = (context: BatchContext, limits: QueueLimits = queueLimits): Sequencer => {
  const queue = new PendingQueue(limits);
  let running: Promise<void> | undefined;
  let stopped = false;

  const run = async (): Promise<void> => {
    while (queue.length > 0) await runBatch(context, queue.take());
    running = undefined;
  };

  return {
    get waiting() {
      return queue.length;
    },
    append: (event) =>
      new Promise<PlacedProof>((resolve, reject) => {
        if (stopped) return reject(new StoreError('unavailable', ''));
        if (!queue.offer({ event, resolve, reject })) return reject(new StoreError('queue_full', ''));
        running ??= run();
      }),
    stop: async () => {
      stopped = true;
      await running;
    },
  };
};
