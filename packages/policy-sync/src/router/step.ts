import { leaseTiming } from '../timing.js';
import { type ClockReading, isBefore, later } from './clocks.js';
import { settled, written, wrote } from './flush.js';
import { cutOff, expired, granted, renewed } from './lease.js';
import { changed, doubted } from './policy.js';
import type { RouterEffect, RouterEvent, RouterState, RouterStep } from './types.js';

/** Runs one part after the other and collects their effects. */
const inOrder = (state: RouterState, ...parts: ((state: RouterState) => RouterStep)[]): RouterStep => {
  const all: RouterEffect[] = [];
  let current = state;
  for (const part of parts) {
    const [next, effects] = part(current);
    current = next;
    all.push(...effects);
  }
  return [current, all];
};

/** A stream stands. Under a new boot id the writes of the old one are its own: that lease is left to lapse. */
const connected = (state: RouterState, at: ClockReading, bootId: string): RouterStep => {
  const fresh = bootId !== state.bootId;
  const next: RouterState = {
    ...state,
    bootId,
    connected: true,
    renewals: new Map(),
    ackOwed: state.version > 0n && state.doubt === undefined ? state.version : undefined,
    ...(fresh ? { spent: false, lease: undefined, writes: new Map(), flushUntil: undefined } : {}),
  };
  const hello: RouterEffect = { type: 'hello', bootId, haveVersion: next.version };
  return inOrder(
    next,
    (s) => [s, [hello]],
    (s) => settled(s, at),
    (s) => renewed(s, at),
  );
};

const ticked = (state: RouterState, at: ClockReading): RouterStep =>
  inOrder(
    state,
    (s) =>
      s.flushUntil === undefined || isBefore(at, s.flushUntil)
        ? [s, []]
        : cutOff({ ...s, flushUntil: undefined }),
    (s) =>
      !s.connected || s.released || (s.renewAfter !== undefined && isBefore(at, s.renewAfter))
        ? [s, []]
        : renewed(s, at),
  );

/** Gives the lease up for good: said to the control plane only when nothing of this router is under way any more. */
const released = (state: RouterState, at: ClockReading): RouterStep => {
  if (state.released) return [state, []];
  const flushUntil = later(at, leaseTiming(state.leaseTtlMs).flushTimeoutMs);
  const next: RouterState = { ...state, released: true, lease: undefined, ackOwed: undefined, flushUntil };
  return inOrder(
    next,
    (s) => [s, [{ type: 'revoke', orgIds: 'all' }]],
    (s) => (s.spent ? [s, []] : settled(s, at)),
  );
};

const react = (state: RouterState, event: RouterEvent): RouterStep => {
  const { at } = event;
  switch (event.type) {
    case 'connected':
      return state.released ? [state, []] : connected(state, at, event.bootId);
    case 'disconnected':
      return [{ ...state, connected: false, renewals: new Map(), renewAfter: undefined }, []];
    case 'policy':
      return changed(state, at, event.change);
    case 'malformed':
      return doubted(state, 'malformed');
    case 'grant':
      return granted(state, at, event);
    case 'write':
      return wrote(state, at, event);
    case 'written':
      return written(state, at, event.writeId);
    case 'tick':
      return ticked(state, at);
    case 'release':
      return released(state, at);
  }
};

/**
 * One step of the router's half of the lease protocol. Pure: time comes with the event, as one reading of both
 * monotonic clocks taken when the event is handled, and what is to be done is returned in order.
 */
export const routerStep = (state: RouterState, event: RouterEvent): RouterStep =>
  inOrder(
    state,
    (s) => expired(s, event.at),
    (s) => react(s, event),
  );
