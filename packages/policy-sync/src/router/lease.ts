import { isLeaseTtl, leaseTiming } from '../timing.js';
import { type ClockReading, isBefore, later } from './clocks.js';
import { doubted } from './policy.js';
import type { RouterEffect, RouterState, RouterStep } from './types.js';

const renewalsMax = 16;

/** Sends a renewal and remembers when, on both clocks. */
export const renewed = (state: RouterState, at: ClockReading): RouterStep => {
  const nonce = state.nonce + 1n;
  const renewals = new Map(state.renewals).set(nonce, at);
  renewals.delete(nonce - BigInt(renewalsMax));
  const renewAfter = later(at, leaseTiming(state.leaseTtlMs).renewEveryMs);
  return [{ ...state, nonce, renewals, renewAfter }, [{ type: 'renew', nonce }]];
};

interface Grant {
  readonly nonce: bigint;
  readonly ttlMs: number;
  readonly version: bigint;
}

/**
 * R3: the term counts from the SEND of the renewal that is answered. A grant for an unknown renewal, of a term out of
 * bounds, or that is over already changes nothing; one under a policy not learned yet shows a gap.
 */
export const granted = (state: RouterState, at: ClockReading, grant: Grant): RouterStep => {
  const sent = state.renewals.get(grant.nonce);
  if (sent === undefined || !isLeaseTtl(grant.ttlMs) || state.released || state.spent) return [state, []];
  if (grant.version > state.version && state.doubt === undefined) return doubted(state, 'gap');
  if (state.doubt !== undefined) return [state, []];
  const renewals = new Map([...state.renewals].filter(([nonce]) => nonce > grant.nonce));
  // The first grant tells how long a term is: by what was assumed before, it might be over at the next renewal.
  const renewAfter =
    grant.ttlMs === state.leaseTtlMs ? state.renewAfter : later(sent, leaseTiming(grant.ttlMs).renewEveryMs);
  const next = { ...state, renewals, renewAfter, leaseTtlMs: grant.ttlMs };
  const until = later(sent, leaseTiming(grant.ttlMs, state.clockRateDriftMax).routerTermMs);
  if (!isBefore(at, until)) return [next, []];
  return [{ ...next, lease: { nonce: grant.nonce, until } }, []];
};

/** Cuts payload off: what was under way has no known outcome, so this boot may never acknowledge again. */
export const cutOff = (state: RouterState): RouterStep => {
  const effects: RouterEffect[] = [{ type: 'revoke', orgIds: 'all' }, { type: 'reset_payload' }];
  if (state.writes.size === 0) return [state, effects];
  if (!state.released) effects.push({ type: 'new_boot' });
  return [{ ...state, spent: true, lease: undefined, ackOwed: undefined, flushUntil: undefined }, effects];
};

/** R7: notices a lease that ran out. The gate is closed by then anyway; this hurries the rest along. */
export const expired = (state: RouterState, at: ClockReading): RouterStep => {
  if (state.lease === undefined || isBefore(at, state.lease.until)) return [state, []];
  return cutOff({ ...state, lease: undefined, leaseLapses: state.leaseLapses + 1 });
};
