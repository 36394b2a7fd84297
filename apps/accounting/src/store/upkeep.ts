import type { Logger } from '@lethe/service-kit';
import type postgres from 'postgres';
import { type BackgroundLoop, startLoop } from '../background-loop.js';
import type { ControlStore } from './control-store.js';
import { dropSent } from './outbox-store.js';
import { storeErrorOf } from './store-error.js';

const everyMs = 3_600_000;
const retryMsMax = 60_000;
const monthsAhead = 2;
const sentEventsKeptDays = 30;

interface UpkeepOptions {
  readonly control: postgres.Sql;
  readonly store: Pick<ControlStore, 'createMonthsAhead'>;
  readonly log: Logger;
}

/** Hourly: partitions for the months ahead, and sent audit events of long ago forgotten. */
export const startUpkeep = ({ control, store, log }: UpkeepOptions): BackgroundLoop =>
  startLoop({
    event: 'upkeep.turn',
    everyMs,
    retryMsMax,
    log,
    run: async () => {
      await store.createMonthsAhead(monthsAhead);
      try {
        await dropSent(control, sentEventsKeptDays);
      } catch (error) {
        throw storeErrorOf(error);
      }
    },
  });
