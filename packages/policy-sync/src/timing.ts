/** How far the rates of two monotonic clocks are assumed to differ: the only assumption about time. */
export const clockRateDriftMax = 0.1;

export const leaseTtlMsMin = 500;
export const leaseTtlMsMax = 60_000;

/** Every length of time that the protocol knows, in milliseconds; all follow from the lease term. */
export interface LeaseTiming {
  readonly leaseTtlMs: number;
  readonly renewEveryMs: number;
  /** How long a router believes in a lease, counted on its own clocks from the SEND of the renewal. */
  readonly routerTermMs: number;
  /** How long payload in flight may take to a known outcome before its connections are reset. */
  readonly flushTimeoutMs: number;
  /** How long an observer must see a lease not renewed, on its own clock, before it calls it lapsed. */
  readonly lapseAfterMs: number;
}

export const isLeaseTtl = (leaseTtlMs: number): boolean =>
  Number.isSafeInteger(leaseTtlMs) && leaseTtlMs >= leaseTtlMsMin && leaseTtlMs <= leaseTtlMsMax;

/** The times of a lease term. Throws RangeError for a term or a drift outside its bounds. */
export const leaseTiming = (leaseTtlMs: number, drift: number = clockRateDriftMax): LeaseTiming => {
  if (!isLeaseTtl(leaseTtlMs)) throw new RangeError('the lease term is out of bounds');
  if (!(drift >= 0 && drift < 0.5)) throw new RangeError('the clock drift is out of bounds');
  return {
    leaseTtlMs,
    renewEveryMs: leaseTtlMs * 0.3,
    routerTermMs: leaseTtlMs * (1 - drift) - leaseTtlMs * 0.05,
    flushTimeoutMs: leaseTtlMs * 0.2,
    lapseAfterMs: leaseTtlMs * (1 + drift),
  };
};
