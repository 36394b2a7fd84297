/** How much faster or slower than another a clock may run. */
const clockRateDriftMax = 0.1;
const pollMs = 250;
/** What two busy cores may add. */
const slackMs = 1_500;

/** How long EnableZDR may take when a router cannot answer: its lease is waited out. */
export const lapseBoundMs = (leaseTtlMs: number): number =>
  (leaseTtlMs * (1 + clockRateDriftMax)) / (1 - clockRateDriftMax) + pollMs + slackMs;
