import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Scratch } from './scratch.js';

/** What Node keeps to itself of a response, and decides its head by. */
interface NodeResponse {
  readonly _hasBody: boolean;
  readonly _removedConnection: boolean;
  readonly _defaultKeepAlive: boolean;
  readonly _keepAliveTimeout: number;
  readonly _maxRequestsPerSocket: number | undefined;
  _header: string;
  chunkedEncoding: boolean;
}

/** By these Node frames a body or keeps a connection: it has to see them itself. */
const leftToNode: ReadonlySet<string> = new Set([
  'connection',
  'date',
  'expect',
  'keep-alive',
  'trailer',
  'transfer-encoding',
]);

let dateSecond = 0;
let dateText = '';
const dateNow = (): string => {
  const second = Math.floor(Date.now() / 1_000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1_000).toUTCString();
  }
  return dateText;
};

/** An answer with a body, on a connection that stays: of all others Node knows best what their heads say. */
const isPlain = (res: ServerResponse, inner: NodeResponse, status: number): boolean =>
  res.shouldKeepAlive &&
  inner._defaultKeepAlive &&
  inner._hasBody &&
  !inner._removedConnection &&
  !inner._maxRequestsPerSocket &&
  res.useChunkedEncodingByDefault &&
  status >= 200 &&
  status !== 204 &&
  status !== 304 &&
  res.getHeaderNames().length === 0;

/** What Node adds to the headers of an answer on a connection that stays. */
interface Additions {
  readonly date: boolean;
  readonly keptSeconds: number;
}

/** How the end of a body is told. */
export type BodyFrame = 'length' | 'chunked';

/** Writes a head as Node would; undefined, with nothing done, when only Node knows how or whether. */
export const writeHead = (
  scratch: Scratch,
  status: number,
  headers: readonly string[],
  { date, keptSeconds }: Additions,
): BodyFrame | undefined => {
  let frame: BodyFrame = 'chunked';
  let written = scratch.printable(`HTTP/1.1 ${status} ${reasonOf(status)}`) && scratch.lineEnd();
  for (let at = 0; at < headers.length && written; at += 2) {
    const name = headers[at] as string;
    if (name === 'content-length') frame = 'length';
    written = !leftToNode.has(name) && scratch.header(name, headers[at + 1] as string);
  }
  if (date) written &&= scratch.header('Date', dateNow());
  written &&= scratch.header('Connection', 'keep-alive');
  if (keptSeconds > 0) written &&= scratch.header('Keep-Alive', `timeout=${keptSeconds}`);
  if (frame === 'chunked') written &&= scratch.header('Transfer-Encoding', 'chunked');
  written &&= scratch.lineEnd();
  if (written) return frame;
  scratch.clear();
  return undefined;
};

const reasonOf = (status: number): string => STATUS_CODES[status] ?? 'unknown';

/**
 * Writes the head that Node would make of these headers (names and values in turn), and tells the response that it
 * has one. False, with nothing done, when Node itself has to decide or might refuse. Node checks and joins each
 * header anew, which costs as much as the rest of a small answer's way back.
 */
export const writePlainHead = (
  scratch: Scratch,
  res: ServerResponse,
  status: number,
  headers: readonly string[],
): boolean => {
  const inner = res as unknown as NodeResponse;
  if (!isPlain(res, inner, status)) return false;
  const keptSeconds = Math.floor(inner._keepAliveTimeout / 1_000);
  const frame = writeHead(scratch, status, headers, { date: res.sendDate, keptSeconds });
  if (frame === undefined) return false;
  res.statusCode = status;
  res.statusMessage = reasonOf(status);
  inner._header = `HTTP/1.1 ${status} ${res.statusMessage}`;
  inner.chunkedEncoding = frame === 'chunked';
  return true;
};
