import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

const schedule = RequestQueue.prototype.scheduleCheckPendingRequests;
let corrected = false;

/**
 * kafkajs 2.2.4 polls its request queue every millisecond for ever, also when nothing waits: 3 % of a core per
 * process, and a warning per tick on newer Node versions. The timer is needed only while something waits.
 */
export const correctIdleTimer = (): void => {
  if (corrected) return;
  corrected = true;
  RequestQueue.prototype.scheduleCheckPendingRequests = function scheduleIfNeeded(): void {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this);
  };
};
