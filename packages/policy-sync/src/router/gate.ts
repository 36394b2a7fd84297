import { type ClockReading, isBefore } from './clocks.js';
import type { CaptureSubject, RouterState, WriteEntry } from './types.js';

/** Whether this router holds a lease over a policy it can rely on. Closed unless every reason to open is there. */
export const gateOpen = (state: RouterState, at: ClockReading): boolean =>
  state.lease !== undefined &&
  isBefore(at, state.lease.until) &&
  state.version > 0n &&
  state.doubt === undefined &&
  !state.spent &&
  !state.released;

/**
 * Whether payload of this organization and key may be kept at this moment (R1). To be asked when a request begins and
 * again when it ends; the stricter answer stands. Serving and telemetry never ask.
 */
export const mayCapture = (state: RouterState, at: ClockReading, subject: CaptureSubject): boolean => {
  if (!gateOpen(state, at) || state.zdrOrgIds.has(subject.orgId)) return false;
  const organization = state.view.organization(subject.orgId);
  const key = state.view.apiKey(subject.apiKeyId);
  return (
    organization?.zdr === false &&
    key?.orgId === subject.orgId &&
    key.logging === true &&
    key.sealingKeyId !== undefined
  );
};

/** Whether a sealed payload may be written at this moment: allowed, and sealed to the key that is still granted. */
export const mayWrite = (state: RouterState, at: ClockReading, entry: WriteEntry): boolean =>
  mayCapture(state, at, entry) && state.view.apiKey(entry.apiKeyId)?.sealingKeyId === entry.sealingKeyId;
