const nanosADollar = 1_000_000_000n;

/** Nano-dollars as a decimal in dollars, nine places. */
export const toDollars = (nanos: bigint): string =>
  `${nanos / nanosADollar}.${(nanos % nanosADollar).toString().padStart(9, '0')}`;
