import cluster from 'node:cluster';
import type { Launch, Logger, Registry, RunningService } from '@lethe/service-kit';
import { startRouter } from '../app.js';
import type { RouterConfig } from '../config.js';
import { figuresOf } from './figures.js';
import { type Answer, questionSchema } from './messages.js';

interface WorkerFace {
  readonly metrics: Registry;
  readonly ready: () => boolean;
}

/** In place of an operator port, a worker answers the questions of its primary. */
export const answerPrimary = async ({ metrics, ready }: WorkerFace): Promise<{ close(): Promise<void> }> => {
  const answer = async (message: unknown): Promise<void> => {
    const asked = questionSchema.safeParse(message);
    if (!asked.success) return;
    const figures = await figuresOf(metrics).catch(() => []);
    const given: Answer = { question: asked.data.question, ready: ready(), figures };
    // Whether a primary is still there to hear it is not this worker's matter.
    process.send?.(given, undefined, undefined, () => undefined);
  };
  process.on('message', answer);
  return {
    close: async () => {
      process.off('message', answer);
    },
  };
};

/**
 * Node ends a worker at once when its primary is gone. This one stops as it would otherwise, told by the end of its
 * standard input: running requests end, and their bills are kept.
 */
const drainWithoutPrimary = (): void => {
  const { worker } = cluster;
  worker?.once('disconnect', () => {
    worker.exitedAfterDisconnect = true;
  });
};

/** Starts a router as one worker of a cluster: a router of its own, but for the operator's port. */
export const startWorker = (
  config: RouterConfig,
  log: Logger,
  launch: Pick<Launch, 'onUpdate'>,
): Promise<RunningService> => {
  drainWithoutPrimary();
  return startRouter(config, log, { operator: answerPrimary, launch });
};
