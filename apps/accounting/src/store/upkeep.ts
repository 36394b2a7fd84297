import type { Logger } from '@lethe/service-kit';
import { type BackgroundLoop, startLoop } from '../background-loop.js';
import type { ControlStore } from './control-store.js';

const everyMs = 3_600_000;
const retryMsMax = 60_000;
const monthsAhead = 2;
const keptDays = { rejects: 30, sentEvents: 30 };

interface UpkeepOptions {
  readonly store: Pick<ControlStore, 'createMonthsAhead' | 'dropOld'>;
  readonly log: Logger;
}

/** Hourly: partitions for the months ahead, and what nobody needs any more forgotten. */
export const startUpkeep = ({ store, log }: UpkeepOptions): BackgroundLoop =>
  startLoop({
    event: 'upkeep.turn',
    everyMs,
    retryMsMax,
    log,
    run: async () => {
      await store.createMonthsAhead(monthsAhead);
      await store.dropOld(keptDays);
    },
  });
