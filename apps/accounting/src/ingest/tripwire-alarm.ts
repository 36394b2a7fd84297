import type { OrgId } from '@lethe/contracts';
import type { Logger } from '@lethe/service-kit';
import { type BackgroundLoop, startLoop } from '../background-loop.js';
import { tripwireEvent } from '../outbox/audit-events.js';
import type { ControlStore } from '../store/control-store.js';

const pollMs = 1000;
const retryMsMax = 10_000;
const eventsMax = 100;
const nobody: OrgId = '00000000-0000-0000-0000-000000000000' as OrgId;

interface AlarmOptions {
  readonly store: Pick<ControlStore, 'reportTripwires'>;
  readonly log: Logger;
  /** Told that events were queued. */
  readonly onQueued: () => void;
}

/**
 * Turns what the tripwire counted into audit events: at most one a minute for each organization and code, each with
 * the number of records since the one before. The count is in the database, so that no alarm is lost with a process.
 */
export const startTripwireAlarm = ({ store, log, onQueued }: AlarmOptions): BackgroundLoop =>
  startLoop({
    event: 'tripwire.report',
    everyMs: pollMs,
    retryMsMax,
    log,
    run: async () => {
      const queued = await store.reportTripwires(
        ({ orgId, code, records }) => tripwireEvent(orgId === nobody ? undefined : orgId, code, records),
        eventsMax,
      );
      if (queued > 0) onQueued();
    },
  });
