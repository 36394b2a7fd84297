import type { ClockReading } from './clocks.js';
import { settled } from './flush.js';
import type { NackReason, PolicyChange, RouterEffect, RouterState, RouterStep } from './types.js';

/** Refuses: the lease is given up on the spot, and the next grant counts only after a whole snapshot. */
export const doubted = (state: RouterState, reason: NackReason): RouterStep => {
  const regressed = reason === 'zdr_regression';
  const effects: RouterEffect[] = [{ type: 'nack', version: state.version, reason }];
  if (regressed) effects.push({ type: 'revoke', orgIds: 'all' });
  const next: RouterState = {
    ...state,
    doubt: state.doubt === 'zdr_regression' ? state.doubt : reason,
    lease: undefined,
    renewals: new Map(),
    zdrRegressions: state.zdrRegressions + (regressed ? 1 : 0),
  };
  return [next, effects];
};

/** R2: learns members of the ZDR set. Nothing ever leaves it. */
const learned = (state: RouterState, change: PolicyChange): readonly [RouterState, string[]] => {
  const named = [
    ...change.zdrOrgIds,
    ...change.organizations.filter(({ zdr }) => zdr).map(({ orgId }) => orgId),
  ];
  const fresh = [...new Set(named)].filter((orgId) => !state.zdrOrgIds.has(orgId));
  if (fresh.length === 0) return [state, fresh];
  return [{ ...state, zdrOrgIds: new Set([...state.zdrOrgIds, ...fresh]) }, fresh];
};

/** Whether a message contradicts what this router knows to be ZDR, or goes back in time. */
const contradicts = (state: RouterState, change: PolicyChange): boolean => {
  if (change.organizations.some(({ orgId, zdr }) => !zdr && state.zdrOrgIds.has(orgId))) return true;
  if (change.fromVersion !== undefined) return false;
  const members = new Set(change.zdrOrgIds);
  return change.version < state.version || [...state.zdrOrgIds].some((orgId) => !members.has(orgId));
};

/** R6, first part: takes a change, revokes what waits for new members of the ZDR set, and owes an acknowledgement. */
export const changed = (before: RouterState, at: ClockReading, change: PolicyChange): RouterStep => {
  const isDelta = change.fromVersion !== undefined;
  const [state, fresh] = learned(before, change);
  const revoke: RouterEffect[] = fresh.length > 0 ? [{ type: 'revoke', orgIds: fresh }] : [];
  const refuse = (reason: NackReason): RouterStep => {
    const [next, effects] = doubted(state, reason);
    return [next, [...revoke, ...effects]];
  };
  if (contradicts(state, change)) return refuse('zdr_regression');
  if (isDelta && state.doubt !== undefined) return refuse(state.doubt === 'malformed' ? 'malformed' : 'gap');
  if (isDelta && change.version > state.version && change.fromVersion !== state.version) return refuse('gap');
  const repeated = isDelta && change.version <= state.version;
  const next: RouterState = repeated
    ? { ...state, ackOwed: state.version }
    : {
        ...state,
        view: change.view,
        version: change.version,
        doubt: undefined,
        ackOwed: change.version,
        // Healed: the grant should not have to wait for the next regular renewal.
        renewAfter: state.doubt === undefined ? state.renewAfter : at,
      };
  const [last, effects] = settled(next, at);
  const applied: RouterEffect[] = repeated ? [] : [{ type: 'applied', version: change.version }];
  return [last, [...applied, ...revoke, ...effects]];
};
