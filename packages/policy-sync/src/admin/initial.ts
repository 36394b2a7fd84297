import type { LeaseTiming } from '../timing.js';
import type { AdminState } from './types.js';

/** A replica that has just started: it has observed nothing, whatever another one saw. */
export const initialAdminState = (timing: LeaseTiming): AdminState => ({
  timing,
  version: 0n,
  zdrOrgIds: new Set(),
  loads: 0,
  loadRunning: false,
  loadAgain: false,
  reads: 0,
  readRunning: false,
  readAfterMs: Number.NEGATIVE_INFINITY,
  guard: undefined,
  streams: new Map(),
  enablings: new Map(),
  idle: new Map(),
});
