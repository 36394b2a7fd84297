/** One look at both monotonic clocks: the second one goes on while the machine is suspended, the first does not. */
export interface ClockReading {
  readonly hrtimeNs: bigint;
  readonly uptimeMs: number;
}

/** A moment later on both clocks. */
export const later = (reading: ClockReading, byMs: number): ClockReading => ({
  hrtimeNs: reading.hrtimeNs + BigInt(Math.floor(byMs * 1e6)),
  uptimeMs: reading.uptimeMs + byMs,
});

/** Whether BOTH clocks still stand before a deadline; a reading that is no number stands after every deadline. */
export const isBefore = (now: ClockReading, deadline: ClockReading): boolean =>
  now.hrtimeNs < deadline.hrtimeNs && now.uptimeMs < deadline.uptimeMs;
