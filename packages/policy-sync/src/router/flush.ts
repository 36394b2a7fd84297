import { leaseTiming } from '../timing.js';
import { type ClockReading, later } from './clocks.js';
import { mayWrite } from './gate.js';
import type { RouterEffect, RouterState, RouterStep, WriteEntry } from './types.js';

const writesMax = 1024;

/** Whether no write with unknown outcome holds payload of an organization that is ZDR. */
const quiescent = (state: RouterState): boolean => {
  for (const orgIds of state.writes.values()) {
    if (orgIds.some((orgId) => state.zdrOrgIds.has(orgId))) return false;
  }
  return !state.spent;
};

/** R6, second part: acknowledges what is owed, but only at quiescence; else the flush gets its time limit. */
export const settled = (state: RouterState, at: ClockReading): RouterStep => {
  if (state.released) {
    const done = state.writes.size === 0 && state.connected && state.flushUntil !== undefined;
    return done ? [{ ...state, flushUntil: undefined }, [{ type: 'release' }]] : [state, []];
  }
  if (state.ackOwed === undefined || state.spent) return [state, []];
  if (!quiescent(state)) {
    if (state.flushUntil !== undefined) return [state, []];
    return [{ ...state, flushUntil: later(at, leaseTiming(state.leaseTtlMs).flushTimeoutMs) }, []];
  }
  if (!state.connected) return [{ ...state, flushUntil: undefined }, []];
  return [{ ...state, ackOwed: undefined, flushUntil: undefined }, [{ type: 'ack', version: state.ackOwed }]];
};

interface Write {
  readonly writeId: string;
  readonly entries: readonly WriteEntry[];
}

/** R4: checks every entry and hands on what is allowed, in one step: nothing can come between. */
export const wrote = (state: RouterState, at: ClockReading, { writeId, entries }: Write): RouterStep => {
  const room = state.writes.size < writesMax && !state.writes.has(writeId);
  const allowed = room ? entries.filter((entry) => mayWrite(state, at, entry)) : [];
  const refused = entries.filter((entry) => !allowed.includes(entry));
  const effects: RouterEffect[] = [];
  if (refused.length > 0) effects.push({ type: 'withhold', writeId, entries: refused });
  if (allowed.length === 0) return [state, effects];
  effects.push({ type: 'write', writeId, entries: allowed });
  const orgIds = [...new Set(allowed.map(({ orgId }) => orgId))];
  return [{ ...state, writes: new Map(state.writes).set(writeId, orgIds) }, effects];
};

/** The outcome of a write became known. */
export const written = (state: RouterState, at: ClockReading, writeId: string): RouterStep => {
  if (!state.writes.has(writeId)) return [state, []];
  const writes = new Map(state.writes);
  writes.delete(writeId);
  return settled({ ...state, writes }, at);
};
