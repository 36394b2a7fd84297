import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { ClockReading } from '@lethe/policy-sync';

/** Two monotonic clocks: one stops while the machine is suspended, the other does not. The wall clock is never used. */
export interface LeaseClocks {
  hrtimeMs(): number;
  uptimeMs(): number;
}

let uptimeOfTurnMs: number | undefined;
const endTurn = (): void => {
  uptimeOfTurnMs = undefined;
};

/**
 * Node reads the second clock from a file of the kernel's, which takes as long as a fifth of a small request. So it is
 * read once in a turn of the event loop: the loop does not wait while the reading is kept, and a machine that sleeps
 * within a turn might as well have slept just after an answer of the gate.
 */
export const systemClocks: LeaseClocks = {
  hrtimeMs: () => performance.now(),
  uptimeMs: () => {
    if (uptimeOfTurnMs === undefined) {
      uptimeOfTurnMs = uptime() * 1000;
      setImmediate(endTurn);
    }
    return uptimeOfTurnMs;
  },
};

/** One look at both clocks. */
export const readingOf = (clocks: LeaseClocks): ClockReading => ({
  hrtimeNs: BigInt(Math.floor(clocks.hrtimeMs() * 1e6)),
  uptimeMs: clocks.uptimeMs(),
});
