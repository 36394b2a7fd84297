import type { Credentials } from '../caller.js';

/** A POST to a path that is served, with a body of known length and nothing about the connection to decide. */
export interface PlainRequestHead {
  readonly path: string;
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
  readonly bodyBytes: number;
  /** The offset after the head. */
  readonly end: number;
  /** Where in the head the length of the body stands, and its place among `rawHeaders`. */
  readonly lengthStart: number;
  readonly lengthEnd: number;
  readonly lengthIndex: number;
  /** What was learned of the credentials in it. */
  readonly credentials: Credentials;
}

const cr = 0x0d;
const lf = 0x0a;
const space = 0x20;
const tab = 0x09;
const colon = 0x3a;
const headersMax = 128;
const emptyLine = Buffer.from('\r\n\r\n');
const method = Buffer.from('POST ');
const version = Buffer.from(' HTTP/1.1\r\n');
const lengthText = /^[1-9]\d{0,9}$/;
const hostText = /^[A-Za-z0-9._~:[\]-]{1,255}$/;

/** 1 for each byte of a header's name. */
const nameBytes = new Uint8Array(256);
for (const character of "!#$%&'*+.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-")
  nameBytes[character.charCodeAt(0)] = 1;

/** By the length of its name: headers that frame the body or decide about the connection. */
const deciding: readonly (string | undefined)[] = Object.assign(
  new Array<string | undefined>(18).fill(undefined),
  {
    2: 'te',
    6: 'expect',
    7: 'upgrade trailer',
    10: 'connection keep-alive',
    16: 'proxy-connection',
    17: 'transfer-encoding',
  },
);

const startsWith = (bytes: Buffer, at: number, expected: Buffer): boolean => {
  for (let index = 0; index < expected.length; index++)
    if (bytes[at + index] !== expected[index]) return false;
  return true;
};

/** A line that ends in another way: such a head might never be whole. */
const hasOddLineEnd = (bytes: Buffer, start: number, end: number): boolean => {
  for (let at = bytes.indexOf(lf, start); at !== -1 && at < end; at = bytes.indexOf(lf, at + 1))
    if (at === start || bytes[at - 1] !== cr) return true;
  for (let at = bytes.indexOf(cr, start); at !== -1 && at + 1 < end; at = bytes.indexOf(cr, at + 1))
    if (bytes[at + 1] !== lf) return true;
  return false;
};

/** What the headers that matter here say; whatever else they may say is left to Node. */
class Framing {
  bodyBytes = -1;
  #hosts = 0;

  /** False: not a plain request. */
  takes(name: string, value: string): boolean {
    const { length } = name;
    if (length === 4) {
      if (name.toLowerCase() !== 'host') return true;
      return ++this.#hosts === 1 && hostText.test(value);
    }
    if (length === 14) {
      if (name.toLowerCase() !== 'content-length') return true;
      if (this.bodyBytes !== -1 || !lengthText.test(value)) return false;
      this.bodyBytes = Number(value);
      return true;
    }
    const names = deciding[length];
    if (names === undefined) return true;
    const lower = name.toLowerCase();
    if (lower === 'connection') return value.toLowerCase() === 'keep-alive';
    return !names.includes(lower);
  }

  get isPlain(): boolean {
    return this.#hosts === 1 && this.bodyBytes > 0;
  }
}

/**
 * Reads the head that begins at `start`. `partial`: more of it has to come. `other`: whatever it is, it is not for
 * here; Node's parser decides what it means, and what is wrong with it. Strict: what is taken has one meaning only.
 */
export const readPlainRequestHead = (
  bytes: Buffer,
  start: number,
  end: number,
  paths: ReadonlyMap<string, unknown>,
): PlainRequestHead | 'partial' | 'other' => {
  for (let index = 0; index < method.length && start + index < end; index++)
    if (bytes[start + index] !== method[index]) return 'other';
  const found = bytes.indexOf(emptyLine, start);
  const headEnd = found + emptyLine.length;
  if (found === -1 || headEnd > end) return hasOddLineEnd(bytes, start, end) ? 'other' : 'partial';
  const pathStart = start + method.length;
  let at = pathStart;
  while (at < found && (bytes[at] as number) > space && (bytes[at] as number) < 0x7f) at++;
  if (!startsWith(bytes, at, version)) return 'other';
  const path = bytes.toString('latin1', pathStart, at);
  if (!paths.has(path)) return 'other';
  at += version.length;
  return readHeaders(bytes, at, found, { path, start, end: headEnd });
};

const readHeaders = (
  bytes: Buffer,
  start: number,
  found: number,
  { path, start: headStart, end }: { path: string; start: number; end: number },
): PlainRequestHead | 'other' => {
  const framing = new Framing();
  const rawHeaders: string[] = [];
  let [lengthStart, lengthEnd, lengthIndex] = [0, 0, 0];
  // One text for all; the parts of it are no copies.
  const text = bytes.toString('latin1', start, found);
  for (let at = start; at < found; ) {
    const nameStart = at;
    while (nameBytes[bytes[at] as number] === 1) at++;
    if (at === nameStart || bytes[at] !== colon) return 'other';
    const name = text.slice(nameStart - start, at - start);
    at++;
    while (bytes[at] === space || bytes[at] === tab) at++;
    const valueStart = at;
    for (let byte = bytes[at] as number; (byte >= space && byte < 0x7f) || byte === tab; )
      byte = bytes[++at] as number;
    // `found` is where the last line ends as well.
    if (bytes[at] !== cr || bytes[at + 1] !== lf) return 'other';
    let valueEnd = at;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] as number) <= space) valueEnd--;
    const value = text.slice(valueStart - start, valueEnd - start);
    const isSized = framing.bodyBytes !== -1;
    if (!framing.takes(name, value)) return 'other';
    if (!isSized && framing.bodyBytes !== -1) {
      lengthStart = valueStart - headStart;
      lengthEnd = valueEnd - headStart;
      lengthIndex = rawHeaders.length + 1;
    }
    rawHeaders.push(name, value);
    if (rawHeaders.length > headersMax * 2) return 'other';
    at += 2;
  }
  if (!framing.isPlain) return 'other';
  const credentials = { keySha256Hex: undefined };
  return {
    path,
    rawHeaders,
    bodyBytes: framing.bodyBytes,
    end,
    lengthStart,
    lengthEnd,
    lengthIndex,
    credentials,
  };
};
