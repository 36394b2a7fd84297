const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/** True when an event ends before `at`: an empty line precedes it. Nothing before `floor` is looked at. */
const isBorder = (buffer: Buffer, at: number, floor: number): boolean => {
  if (at - 2 < floor || buffer[at - 1] !== lineFeed) return false;
  const before = buffer[at - 2];
  return before === lineFeed || (before === carriageReturn && at - 3 >= floor && buffer[at - 3] === lineFeed);
};

/** The last offset in (floor, end] where an event ends, or -1. */
export const lastBorder = (buffer: Buffer, floor: number, end: number): number => {
  for (let at = end; at - 2 >= floor; ) {
    const found = buffer.lastIndexOf(lineFeed, at - 1);
    if (found < floor) return -1;
    if (isBorder(buffer, found + 1, floor)) return found + 1;
    at = found;
  }
  return -1;
};

/** The first offset in (start, end] where an event ends, or -1; what precedes `start`, from `floor` on, counts. */
export const firstBorder = (buffer: Buffer, start: number, end: number, floor = start): number => {
  for (let at = start; at < end; ) {
    const found = buffer.indexOf(lineFeed, at);
    if (found === -1 || found >= end) return -1;
    if (isBorder(buffer, found + 1, floor)) return found + 1;
    at = found + 1;
  }
  return -1;
};

/**
 * The offset at which an event ends because of what came before `at` in other buffers, whose last two bytes are given
 * (-1: none): `at` + 1, `at` + 2, or -1.
 */
export const seamBorder = (
  before: { readonly last: number; readonly beforeLast: number },
  buffer: Buffer,
  at: number,
  end: number,
): number => {
  if (at >= end) return -1;
  if (buffer[at] === lineFeed) {
    const isEmpty =
      before.last === lineFeed || (before.last === carriageReturn && before.beforeLast === lineFeed);
    return isEmpty ? at + 1 : -1;
  }
  const isEmpty = buffer[at] === carriageReturn && at + 1 < end && buffer[at + 1] === lineFeed;
  return isEmpty && before.last === lineFeed ? at + 2 : -1;
};
