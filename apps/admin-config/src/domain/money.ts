const decimal = /^(\d{1,9})(?:\.(\d{1,9}))?$/;
const nanoPerDollar = 1_000_000_000n;

/** Dollars as decimal text to integer nano-dollars; undefined when it is not a plain amount below 10^9 dollars. */
export const nanoDollars = (text: string): bigint | undefined => {
  const match = decimal.exec(text);
  if (match?.[1] === undefined) return undefined;
  return BigInt(match[1]) * nanoPerDollar + BigInt((match[2] ?? '').padEnd(9, '0'));
};

/** Integer nano-dollars to the shortest decimal text of dollars. */
export const dollarsText = (nano: bigint): string => {
  const fraction = (nano % nanoPerDollar).toString().padStart(9, '0').replace(/0+$/, '');
  const whole = (nano / nanoPerDollar).toString();
  return fraction === '' ? whole : `${whole}.${fraction}`;
};
