import { errorFacts } from '@lethe/service-kit';
import { remark } from '../terminal/print.js';

/** When to stop, and whether for a reason that is an error. */
export interface StopSignal {
  readonly signal: AbortSignal;
  /** Whether something of ours failed that nobody caught. */
  crashed(): boolean;
}

/**
 * Fires with the first signal by which people and systems end a program, and with an error nobody caught: the services
 * are stopped in order then, too. Later ones change nothing.
 */
export const stopSignal = (
  names: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'],
): StopSignal => {
  const stopping = new AbortController();
  let crashed = false;
  for (const name of names) process.on(name, () => stopping.abort());
  const crash = (error: unknown): void => {
    const { name, code, frames } = errorFacts(error);
    remark(`lethe: ${[name, code, ...frames.slice(0, 3)].filter(Boolean).join(', ')}`);
    crashed = true;
    stopping.abort();
  };
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  // A terminal that was closed must not end us before the services are stopped.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  return { signal: stopping.signal, crashed: () => crashed };
};
