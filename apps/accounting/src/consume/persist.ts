import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@lethe/service-kit';

/** The service is stopping: the batch was not processed and will be delivered again. */
export class StoppedError extends Error {
  constructor() {
    super('stopped');
    this.name = 'StoppedError';
  }
}

/** Waits; rejects with StoppedError when stopped meanwhile. */
export const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
  try {
    await sleep(ms, undefined, { signal });
  } catch {
    throw new StoppedError();
  }
};

const firstDelayMs = 100;
const delayMsMax = 5000;

interface PersistOptions {
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Names what is being tried, for the log. */
  readonly event: string;
  /** Told true when it begins to fail and false when it works again. */
  readonly onFailing: (failing: boolean) => void;
}

/** Tries until it works, with growing pauses. Nothing is lost and nothing thrown, except StoppedError at the end. */
export const persist = async <T>(work: () => Promise<T>, options: PersistOptions): Promise<T> => {
  const { signal, log, event, onFailing } = options;
  for (let attempt = 0; ; attempt += 1) {
    if (signal.aborted) throw new StoppedError();
    try {
      const result = await work();
      if (attempt > 0) {
        onFailing(false);
        log.info(`${event}.recovered`, { attempts: attempt + 1 });
      }
      return result;
    } catch (error) {
      onFailing(true);
      // Every attempt would be a flood; the first and each that doubles the count tell enough.
      if ((attempt & (attempt + 1)) === 0) log.error(`${event}.failed`, error, { attempt: attempt + 1 });
    }
    await pause(Math.min(firstDelayMs * 2 ** attempt, delayMsMax), signal);
  }
};
