import { createLogger, type Logger } from '../safe/log.js';
import { ConfigError } from './config.js';
import { type Launch, readLaunch } from './launch.js';

/** A running service: what to close, in order, and how long that may take. */
export interface RunningService {
  /** Stops accepting work, drains, closes. */
  stop(): Promise<void>;
}

const stopDeadlineMs = 4500;

/** Uncaught errors print a name, a code and frames. Node's own printer would quote the message. */
const guardProcess = (log: Logger, stop: (exitCode: number) => void): void => {
  process.on('uncaughtException', (error) => {
    log.error('process.uncaught_exception', error);
    stop(1);
  });
  process.on('unhandledRejection', (error) => {
    log.error('process.unhandled_rejection', error);
    stop(1);
  });
};

/**
 * Runs one service from start to stop: reads the launch line, starts, says that it is ready on stdout as one JSON
 * line, and stops on SIGTERM, SIGINT or when the launcher is gone. Exits 1 when start fails.
 */
export const runService = async (
  name: string,
  start: (launch: Launch, log: Logger) => Promise<RunningService>,
): Promise<void> => {
  const log = createLogger(name);
  let running: RunningService | undefined;
  let stopping = false;
  const stop = (exitCode: number): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(exitCode === 0 ? 2 : exitCode), stopDeadlineMs).unref();
    Promise.resolve(running?.stop())
      .catch((error) => log.error('service.stop_failed', error))
      .finally(() => process.exit(exitCode));
  };
  guardProcess(log, stop);
  process.on('SIGTERM', () => stop(0));
  process.on('SIGINT', () => stop(0));
  try {
    const launch = await readLaunch();
    launch.closed.then(() => stop(0));
    running = await start(launch, log);
    process.stdout.write(`${JSON.stringify({ ready: true, service: name, pid: process.pid })}\n`);
    log.info('service.ready');
  } catch (error) {
    if (error instanceof ConfigError) process.stderr.write(`${name}: ${error.message}\n`);
    else log.error('service.start_failed', error);
    stop(1);
  }
};
