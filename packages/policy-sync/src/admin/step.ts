import { guarded, inOrder, load, withoutStream } from './changes.js';
import {
  callDone,
  callFailed,
  enableZdr,
  impatient,
  leasesRead,
  pendingFound,
  polled,
  readFailed,
  resumed,
  zdrCommitted,
  zdrRefused,
} from './enable-zdr.js';
import {
  acked,
  grantCommitted,
  grantRefused,
  hello,
  loadFailed,
  nacked,
  policyLoaded,
  releasedBy,
  renew,
} from './streams.js';
import type { AdminEvent, AdminState, AdminStep } from './types.js';

/**
 * One step of a replica of admin-config: its streams, its grants, and every EnableZDR it carries. Pure: time comes
 * with the event, as one reading of this replica's own monotonic clock; the database is reached by effects only.
 */
export const adminStep = (state: AdminState, event: AdminEvent): AdminStep => {
  switch (event.type) {
    case 'hello':
      return hello(state, event);
    case 'renew':
      return renew(state, event);
    case 'grant_committed':
      return grantCommitted(state, event);
    case 'grant_refused':
      return grantRefused(state, event);
    case 'ack':
      return acked(state, event);
    case 'nack':
      return nacked(state, event);
    case 'release':
      return releasedBy(state, event);
    case 'closed':
      return [withoutStream(state, event.streamId), []];
    case 'changed':
      return load(state);
    case 'policy_loaded':
      return policyLoaded(state, event);
    case 'load_failed':
      return loadFailed(state, event);
    case 'read_failed':
      return readFailed(state, event);
    case 'leases_read':
      return leasesRead(state, event);
    case 'enable_zdr':
      return enableZdr(state, event);
    case 'zdr_committed':
      return zdrCommitted(state, event);
    case 'zdr_refused':
      return zdrRefused(state, event);
    case 'pending_found':
      return pendingFound(state, event);
    case 'call_done':
      return callDone(state, event);
    case 'call_failed':
      return callFailed(state, event);
    case 'guard_found':
      return guarded(state, event.guard);
    case 'repaired':
      return load({ ...state, guard: undefined });
    case 'tick':
      return inOrder(
        state,
        (s) => (s.loadAgain && !s.loadRunning ? load(s) : [s, []]),
        (s) => polled(s, event.atMs),
        (s) => resumed(s, event.atMs),
        (s) => impatient(s, event.atMs),
      );
  }
};
