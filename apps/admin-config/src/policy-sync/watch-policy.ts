import type { Logger } from '@lethe/service-kit';
import type { Database } from '../store/database.js';
import { changedChannel } from '../store/version.js';

const pollMs = 1000;

/**
 * Calls back soon after any replica committed a change: woken by NOTIFY, and by a poll that does not rely on it.
 * A failing callback is tried again at the next poll.
 */
export const watchChanges = (
  database: Database,
  log: Logger,
  onChange: () => Promise<void>,
): { wake(): void; close(): void } => {
  let failing = false;
  const wake = (): void => {
    onChange().then(
      () => {
        failing = false;
      },
      (error) => {
        if (!failing) log.error('policy_sync.refresh_failed', error);
        failing = true;
      },
    );
  };
  const unlisten = database.listen(changedChannel, wake);
  const timer = setInterval(wake, pollMs);
  timer.unref();
  return {
    wake,
    close: () => {
      unlisten();
      clearInterval(timer);
    },
  };
};
