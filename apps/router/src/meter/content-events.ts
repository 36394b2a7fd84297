import { bytesPerToken } from './estimate.js';
import { firstBorder } from './event-borders.js';

const lineFeed = 0x0a;
const delta = Buffer.from('delta');
const messageDelta = Buffer.from('event: message_delta');
/** Of a read with many events, those of its last bytes stand for all. */
const sampleBytesMax = 2_048;

const endsWith = (buffer: Buffer, start: number, end: number, bytes: Buffer): boolean =>
  end - start >= bytes.length && buffer.compare(bytes, 0, bytes.length, end - bytes.length, end) === 0;

/** Which events of a dialect carry content, and how many tokens of it. */
export interface ContentRule {
  /** Only those whose name ends in `delta`; otherwise each that has data. */
  readonly named: boolean;
  /** Bytes of an event without text, where a dialect puts several tokens into one; absent: one event is one token. */
  readonly emptyBytes?: number;
}

const hasContent = (buffer: Buffer, start: number, end: number, named: boolean): boolean => {
  const first = buffer[start] as number;
  // `data: {`, or `data: [DONE]`.
  if (first === 0x64) return buffer[start + 6] !== 0x5b && buffer[start + 5] !== 0x5b;
  // A comment, or an empty line.
  if (!named) return first !== 0x3a && first > 0x20;
  const found = buffer.indexOf(lineFeed, start);
  const lineEnd = found === -1 || found > end ? end : found;
  const nameEnd = buffer[lineEnd - 1] === 0x0d ? lineEnd - 1 : lineEnd;
  return endsWith(buffer, start, nameEnd, delta) && !endsWith(buffer, start, nameEnd, messageDelta);
};

/** How many tokens the whole events in [start, end) carried, for the estimate. */
export const countContent = (buffer: Buffer, start: number, end: number, rule: ContentRule): number => {
  const all = end - start;
  const sampled = all > sampleBytesMax ? firstBorder(buffer, end - sampleBytesMax, end, start) : start;
  // A single large event ends where the sample would begin.
  let at = sampled === -1 || sampled === end ? start : sampled;
  const sampleBytes = end - at;
  let tokens = 0;
  while (at < end) {
    const border = firstBorder(buffer, at, end);
    const next = border === -1 ? end : border;
    if (hasContent(buffer, at, next, rule.named)) tokens += tokensOf(next - at, rule);
    at = next;
  }
  return tokens * (all / sampleBytes);
};

const tokensOf = (bytes: number, { emptyBytes }: ContentRule): number =>
  emptyBytes === undefined ? 1 : Math.max(1, Math.round((bytes - emptyBytes) / bytesPerToken));
