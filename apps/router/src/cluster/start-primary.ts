import { fileURLToPath } from 'node:url';
import { createMetrics, type Launch, type Logger, openTls, type RunningService } from '@lethe/service-kit';
import type { RouterConfig } from '../config.js';
import { serveOperator } from '../http/operator-face.js';
import { figuresOf } from './figures.js';
import { mergedMetrics } from './merged-metrics.js';
import { WorkerPool } from './worker-pool.js';

interface PrimaryOptions {
  readonly config: RouterConfig;
  readonly launch: Launch;
  readonly log: Logger;
  /** The program of a worker; by default this one's. */
  readonly program?: string;
}

const ownProgram = fileURLToPath(new URL('../main.js', import.meta.url));
/** Less than the launcher's patience with a router, 4.1 s, and more than a worker needs. */
const stopMsMax = 4_000;

/** Tells the launcher which processes serve: one line, also before the one that says ready. */
const tellLauncher = (workers: readonly number[]): void => {
  process.stdout.write(`${JSON.stringify({ workers })}\n`);
};

/**
 * Starts the primary of a cluster: it starts and replaces workers, hands connections over and shows the sum of their
 * figures. It reads no byte of a request. Rejects when a worker does not get ready at the start.
 */
export const startPrimary = async (options: PrimaryOptions): Promise<RunningService> => {
  const { config, launch, log, program = ownProgram } = options;
  const { host, operatorPort, routerId, workers } = config;
  const { tls, renew } = openTls({
    service: 'router',
    tls: config.tls,
    publicTls: config.publicTls,
    log,
  });
  const pool = new WorkerPool({
    program,
    workers,
    routerId,
    launched: launch.first as object,
    log,
    onChange: tellLauncher,
  });
  // Its event loop has nothing to do; only what the process itself costs belongs to the sum.
  const own = createMetrics('router');
  const ownFigures = async () => (await figuresOf(own)).filter(({ name }) => name.startsWith('process_'));
  const metrics = async (): Promise<string> => {
    const [{ sources }, primary] = await Promise.all([pool.sample(), ownFigures()]);
    return mergedMetrics([...sources, primary]);
  };
  const ready = async (): Promise<boolean> => (await pool.sample()).ready > 0;
  launch.onUpdate((value) => pool.tell(value, renew(value)));
  if (!(await pool.start())) {
    await pool.stop(0);
    throw new Error('a worker did not get ready');
  }
  const face = { metrics, contentType: own.contentType };
  const operator = await serveOperator({ host, port: operatorPort, log, metrics: face, ready, tls });
  return {
    stop: async () => {
      await pool.stop(stopMsMax);
      await operator.close();
    },
  };
};
