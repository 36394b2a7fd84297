import { clockRateDriftMax } from '../timing.js';
import type { PolicyView, RouterState } from './types.js';

const nothing: PolicyView = { organization: () => undefined, apiKey: () => undefined };

/** A router that has just started: it knows nothing, and the gate is closed. */
export const initialRouterState = (drift: number = clockRateDriftMax): RouterState => ({
  clockRateDriftMax: drift,
  bootId: '',
  connected: false,
  released: false,
  spent: false,
  view: nothing,
  version: 0n,
  zdrOrgIds: new Set(),
  doubt: undefined,
  leaseTtlMs: 10_000,
  lease: undefined,
  nonce: 0n,
  renewals: new Map(),
  renewAfter: undefined,
  writes: new Map(),
  ackOwed: undefined,
  flushUntil: undefined,
  leaseLapses: 0,
  zdrRegressions: 0,
});
