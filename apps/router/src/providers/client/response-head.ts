import { UpstreamError } from '../types.js';

/** How the end of a body is found. */
export type Framing =
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until_close' };

export interface ResponseHead {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly framing: Framing;
  /** The connection may serve another request. */
  readonly reusable: boolean;
  /** How long the provider keeps an idle connection, if it says so. */
  readonly keepAliveMs: number | undefined;
}

const cr = 0x0d;
const lf = 0x0a;
const tab = 0x09;
const space = 0x20;
const colon = 0x3a;
const contentLength = /^\d{1,15}$/;
const keepAliveTimeout = /(?:^|[,;\s])timeout=(\d{1,6})/i;
const closes = /(?:^|[,\s])close(?:$|[,\s])/i;
const chunkedFraming: Framing = { kind: 'chunked' };
const untilClose: Framing = { kind: 'until_close' };

/** The lower-case form of each byte that a header name may hold; 0 for all others. */
const nameBytes = new Uint8Array(256);
for (const character of "!#$%&'*+.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-")
  nameBytes[character.charCodeAt(0)] = character.toLowerCase().charCodeAt(0);
/** 1 for each byte that a header value may hold. */
const valueBytes = new Uint8Array(256).fill(1, space).fill(0, 0x7f, 0x80);
valueBytes[tab] = 1;

const malformed = (): never => {
  throw new UpstreamError('malformed', true);
};

interface Hops {
  length: number;
  chunked: boolean;
  close: boolean;
  keepAliveMs: number | undefined;
}

/** Takes what concerns this connection only out of the headers. True: the header goes no further. */
const takeHop = (hops: Hops, name: string, value: string): boolean => {
  switch (name) {
    case 'content-length': {
      const bytes = contentLength.test(value) ? Number(value) : malformed();
      if (hops.length >= 0 && hops.length !== bytes) malformed();
      hops.length = bytes;
      return false;
    }
    case 'transfer-encoding':
      // Any other coding would have to be undone before the body means anything.
      if (value.toLowerCase() !== 'chunked' || hops.chunked) malformed();
      hops.chunked = true;
      return true;
    case 'connection':
      hops.close ||= closes.test(value);
      return true;
    case 'keep-alive': {
      const timeout = keepAliveTimeout.exec(value)?.[1];
      if (timeout !== undefined) hops.keepAliveMs = Number(timeout) * 1_000;
      return true;
    }
    case 'proxy-authenticate':
    case 'proxy-connection':
    case 'te':
    case 'trailer':
    case 'upgrade':
    case 'set-cookie':
      return true;
    default:
      return false;
  }
};

const framingOf = (status: number, hops: Hops): Framing => {
  if (status === 204 || status === 304) return { kind: 'length', bytes: 0 };
  if (hops.chunked) return chunkedFraming;
  return hops.length < 0 ? untilClose : { kind: 'length', bytes: hops.length };
};

const digit = (byte: number | undefined): number => {
  const value = (byte as number) - 0x30;
  return value >= 0 && value <= 9 ? value : malformed();
};

/** The offset of the first byte from `at` on that no text may hold. */
const skipText = (bytes: Buffer, at: number, end: number): number => {
  let next = at;
  while (next < end && valueBytes[bytes[next] as number] === 1) next++;
  return next;
};

const nextLine = (bytes: Buffer, at: number, end: number): number => {
  if (at === end) return end;
  return bytes[at] === cr && bytes[at + 1] === lf && at + 2 < end ? at + 2 : malformed();
};

const protocol = Buffer.from('HTTP/1.');

/** Whether [start, end) is, or may become, the beginning of a status line. */
export const startsLikeHttp = (bytes: Buffer, start: number, end: number): boolean => {
  const length = Math.min(protocol.length, end - start);
  for (let index = 0; index < length; index++) if (bytes[start + index] !== protocol[index]) return false;
  return true;
};

/** Checks `HTTP/1.x nnn[ reason]` and returns the status. */
const statusOf = (bytes: Buffer, start: number, end: number): number => {
  const version = bytes[start + 7];
  const isStatusLine =
    end - start >= 12 &&
    startsLikeHttp(bytes, start, end) &&
    (version === 0x30 || version === 0x31) &&
    bytes[start + 8] === space;
  if (!isStatusLine) malformed();
  const status = digit(bytes[start + 9]) * 100 + digit(bytes[start + 10]) * 10 + digit(bytes[start + 11]);
  return status < 100 ? malformed() : status;
};

/** Where the parts of the header lines lie: four offsets a line. Used within one call only. */
const places: number[] = [];

/** Finds the parts of all header lines from `at` on, and makes names lower-case in place. Returns how many offsets. */
const findPlaces = (bytes: Buffer, from: number, end: number): number => {
  let count = 0;
  for (let at = from; at < end; ) {
    places[count++] = at;
    const nameStart = at;
    for (let lower = 0; at < end; bytes[at++] = lower) {
      lower = nameBytes[bytes[at] as number] as number;
      if (lower === 0) break;
    }
    if (at === nameStart || at === end || bytes[at] !== colon) malformed();
    places[count++] = at++;
    while (at < end && (bytes[at] === space || bytes[at] === tab)) at++;
    const valueStart = at;
    at = skipText(bytes, at, end);
    let valueEnd = at;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] as number) <= space) valueEnd--;
    places[count++] = valueStart;
    places[count++] = valueEnd;
    at = nextLine(bytes, at, end);
  }
  return count;
};

/**
 * Reads the response head at [start, end), without its empty line, strictly; makes header names lower-case in place.
 * Throws UpstreamError `malformed`.
 */
export const parseResponseHead = (bytes: Buffer, start: number, end: number): ResponseHead => {
  const status = statusOf(bytes, start, end);
  const hops: Hops = { length: -1, chunked: false, close: bytes[start + 7] === 0x30, keepAliveMs: undefined };
  const reason = start + 12;
  if (reason < end && bytes[reason] !== space && bytes[reason] !== cr) malformed();
  const count = findPlaces(bytes, nextLine(bytes, skipText(bytes, reason, end), end), end);
  const text = bytes.toString('latin1', start, end);
  const headers: (readonly [string, string])[] = [];
  for (let at = 0; at < count; at += 4) {
    const name = text.slice((places[at] as number) - start, (places[at + 1] as number) - start);
    const value = text.slice((places[at + 2] as number) - start, (places[at + 3] as number) - start);
    if (!takeHop(hops, name, value)) headers.push([name, value]);
  }
  // We never ask to switch protocols, and a length beside chunks is a disagreement about where the body ends.
  if (status === 101 || (hops.chunked && hops.length >= 0)) malformed();
  const framing = framingOf(status, hops);
  return {
    status,
    headers,
    framing,
    reusable: !hops.close && framing.kind !== 'until_close',
    keepAliveMs: hops.keepAliveMs,
  };
};
