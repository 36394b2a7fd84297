const quote = 0x22;
const backslash = 0x5c;
const usageKey = Buffer.from('"usage"');
const choices = Buffer.from('choices');
const usage = Buffer.from('usage');
const field = Buffer.from('data:');
const endMark = Buffer.from('[DONE]');
const endMarkEventBytesMax = 32;

/** The offset after the string that begins at `at`, or `end`. */
const afterString = (bytes: Buffer, at: number, end: number): number => {
  let next = at + 1;
  while (next < end && bytes[next] !== quote) next += bytes[next] === backslash ? 2 : 1;
  return Math.min(next + 1, end);
};

const afterSpace = (bytes: Buffer, at: number, end: number): number => {
  let next = at;
  while (next < end && (bytes[next] as number) <= 0x20) next++;
  return next;
};

/** The first byte of the value of a key that ends at `at`, when it is followed by a colon. */
const valueAt = (bytes: Buffer, at: number, end: number): number => {
  const colon = afterSpace(bytes, at, end);
  return bytes[colon] === 0x3a ? afterSpace(bytes, colon + 1, end) : end;
};

/** True when a key spans [start, end), quotes included. */
const isKey = (bytes: Buffer, start: number, end: number, key: Buffer): boolean =>
  end - start === key.length + 2 && bytes.compare(key, 0, key.length, start + 1, end - 1) === 0;

/** True for a chunk that only reports usage: at its top level `choices` is empty and `usage` is an object. */
const onlyReportsUsage = (bytes: Buffer): boolean => {
  let depth = 0;
  let noChoices = false;
  let hasUsage = false;
  for (let at = 0; at < bytes.length; ) {
    const byte = bytes[at] as number;
    if (byte === quote) {
      const end = afterString(bytes, at, bytes.length);
      if (depth === 1) {
        const value = valueAt(bytes, end, bytes.length);
        if (isKey(bytes, at, end, usage)) hasUsage = bytes[value] === 0x7b;
        else if (isKey(bytes, at, end, choices))
          noChoices = bytes[value] === 0x5b && bytes[afterSpace(bytes, value + 1, bytes.length)] === 0x5d;
      }
      at = end;
      continue;
    }
    if (byte === 0x7b || byte === 0x5b) depth++;
    else if (byte === 0x7d || byte === 0x5d) depth--;
    at++;
  }
  return noChoices && hasUsage;
};

/** True for the event that a provider sends only because it was asked for usage. */
export const isUsageEvent = (event: Buffer): boolean =>
  // Between quotes this cannot stand inside a string, where its own quotes would be escaped.
  event.indexOf(usageKey) !== -1 && onlyReportsUsage(event);

/** True for the event that ends a stream. */
export const isEndEvent = (event: Buffer): boolean =>
  event.length <= endMarkEventBytesMax &&
  event.compare(field, 0, field.length, 0, Math.min(field.length, event.length)) === 0 &&
  event.indexOf(endMark) !== -1;
