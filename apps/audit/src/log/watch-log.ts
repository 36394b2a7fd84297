import type { LogKeeper } from './log-keeper.js';
import { Nap } from './nap.js';

const LOOK_MS = 1000;
/** Between two looks, however often something happens. */
const LOOK_MS_MIN = 50;

export interface LogWatch {
  /** Something was appended or cosigned, by any process: look now instead of with the next look. */
  wake(): void;
  stop(): Promise<void>;
}

/**
 * Looks at database and anchors for as long as the service runs: takes up what other replicas appended, anchors what
 * could not be anchored, and notices within a second that the log was set back or is another.
 */
export const watchLog = (keeper: LogKeeper): LogWatch => {
  const stopping = new AbortController();
  const nap = new Nap();
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      // What is wrong is remembered by the keeper, which also says so.
      await keeper.refresh().catch(() => {});
      await new Nap().rest(LOOK_MS_MIN, stopping.signal);
      await nap.rest(LOOK_MS - LOOK_MS_MIN, stopping.signal);
    }
  };
  const running = run();
  return {
    wake: () => nap.wake(),
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
};
