import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@lethe/service-kit';

export interface BackgroundLoop {
  /** Runs it soon instead of after the interval. */
  wake(): void;
  /** Waits for a running turn. */
  stop(): Promise<void>;
}

interface LoopOptions {
  readonly event: string;
  readonly everyMs: number;
  /** Pause after a failure grows to this. */
  readonly retryMsMax: number;
  readonly log: Logger;
  /** One turn. What it throws is logged by its facts and tried again. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

/** Runs something again and again, one turn at a time, for as long as the service runs. */
export const startLoop = ({ event, everyMs, retryMsMax, log, run }: LoopOptions): BackgroundLoop => {
  const stopping = new AbortController();
  let woken = false;
  let waiting: AbortController | undefined;
  const wait = async (ms: number): Promise<void> => {
    if (woken || stopping.signal.aborted) return;
    waiting = new AbortController();
    await sleep(ms, undefined, { signal: waiting.signal }).catch(() => undefined);
    waiting = undefined;
  };
  const turns = async (): Promise<void> => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      woken = false;
      try {
        await run(stopping.signal);
        failures = 0;
      } catch (error) {
        if ((failures & (failures + 1)) === 0) log.error(`${event}.failed`, error, { attempt: failures + 1 });
        failures += 1;
        // A wake-up says that there is work, not that what failed works again.
        woken = false;
      }
      await wait(failures === 0 ? everyMs : Math.min(100 * 2 ** failures, retryMsMax));
    }
  };
  const running = turns();
  return {
    wake: () => {
      woken = true;
      waiting?.abort();
    },
    stop: async () => {
      stopping.abort();
      waiting?.abort();
      await running;
    },
  };
};
