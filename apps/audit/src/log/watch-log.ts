import type { LogKeeper } from './log-keeper.js';
import { Nap } from './nap.js';

const LOOK_MS = 1000;
/** Between two looks, however often something happens. */
const LOOK_MS_MIN = 50;
/** How long the word of a batch of our own may be ahead of the answer to it. */
const HINT_MS = 10;

export interface LogWatch {
  /**
   * Something was appended or cosigned, by any process: look now instead of with the next look. With the size that the
   * log has now, only unless it is known here by then.
   */
  wake(size?: number): void;
  stop(): Promise<void>;
}

/**
 * Looks at database and anchors for as long as the service runs: takes up what other replicas appended, anchors what
 * could not be anchored, and notices within a second that the log was set back or is another.
 */
export const watchLog = (keeper: LogKeeper): LogWatch => {
  const stopping = new AbortController();
  const nap = new Nap();
  let hinted = -1;

  const rest = (ms: number): Promise<void> => new Nap().rest(ms, stopping.signal);
  /** Rests until the next look is due, or something was appended that is not known here. */
  const restUntilNews = async (dueMs: number): Promise<void> => {
    await rest(LOOK_MS_MIN);
    for (let leftMs = 1; leftMs > 0 && !stopping.signal.aborted && hinted <= keeper.sizeKnown; ) {
      leftMs = dueMs - performance.now();
      if (leftMs > 0) await nap.rest(leftMs, stopping.signal);
      if (hinted > keeper.sizeKnown) await rest(HINT_MS);
    }
  };
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      hinted = -1;
      const dueMs = performance.now() + LOOK_MS;
      // What is wrong is remembered by the keeper, which also says so.
      await keeper.refresh().catch(() => {});
      await restUntilNews(dueMs);
    }
  };
  const running = run();
  return {
    wake: (size = Number.POSITIVE_INFINITY) => {
      hinted = Math.max(hinted, size);
      nap.wake();
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
};
