const quote = 0x22;
const backslash = 0x5c;
const usageKey = Buffer.from('"usage"');
const choices = Buffer.from('choices');
const usage = Buffer.from('usage');
const field = Buffer.from('data:');
const typeKey = Buffer.from('"type"');
const nameField = Buffer.from('event:');
const lineFeed = 0x0a;
/** Where an event without a name says its type, if it says it early. */
const typeBytesMax = 256;
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

/** True for `data: [DONE]`, which ends a stream of completions. */
export const isDoneEvent = (event: Buffer): boolean =>
  event.length <= endMarkEventBytesMax && startsWith(event, field) && event.indexOf(endMark) !== -1;

const startsWith = (event: Buffer, bytes: Buffer): boolean =>
  event.length >= bytes.length && event.compare(bytes, 0, bytes.length, 0, bytes.length) === 0;

/** True for an event of this name; of one without any, by the type its data begins with. */
export const isNamedEvent = (event: Buffer, name: Buffer): boolean => {
  if (!startsWith(event, nameField)) {
    const said = event.subarray(0, typeBytesMax);
    const at = said.indexOf(typeKey);
    const value = at === -1 ? said.length : valueAt(said, at + typeKey.length, said.length);
    return isKey(said, value, afterString(said, value, said.length), name);
  }
  const start = afterSpace(event, nameField.length, event.length);
  const found = event.indexOf(lineFeed, start);
  const lineEnd = found === -1 ? event.length : found;
  const end = event[lineEnd - 1] === 0x0d ? lineEnd - 1 : lineEnd;
  return end - start === name.length && event.compare(name, 0, name.length, start, end) === 0;
};

/** Bytes `[]` or `[ ]` behind a colon at `at` would be the empty choices of a usage event. */
const isEmptyChoices = (bytes: Buffer, at: number, floor: number): boolean => {
  let before = at - 1;
  while (before > floor && (bytes[before] as number) <= 0x20) before--;
  if (bytes[before] !== 0x3a) return false;
  do before--;
  while (before > floor && (bytes[before] as number) <= 0x20);
  return bytes[before] === quote && bytes[before - 1] === 0x73;
};

const emptyLists = [Buffer.from('[]'), Buffer.from('[ ]')];

/** The offset in `bytes`, from `from` on, of what only an event without choices holds, or -1. */
export const findEmptyChoices = (bytes: Buffer, from: number): number => {
  let first = -1;
  for (const list of emptyLists) {
    let at = bytes.indexOf(list, from);
    while (at !== -1 && !isEmptyChoices(bytes, at, 0)) at = bytes.indexOf(list, at + 2);
    if (at !== -1 && (first === -1 || at < first)) first = at;
  }
  return first;
};
