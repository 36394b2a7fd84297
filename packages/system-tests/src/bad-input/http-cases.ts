import { deflateRawSync, gzipSync } from 'node:zlib';
import { chatBody, chunked, requestBytes } from './requests.js';

/** Bytes that are bad HTTP, or sound HTTP that is not offered. */
export interface HttpCase {
  readonly name: string;
  /** Given a key that is known and a text that must not come back. */
  readonly bytes: (key: string, secret: string) => Buffer;
  readonly status: number;
  readonly code: string;
  /** A request was made of it and its key known, so it is counted as the organization's. */
  readonly metered: boolean;
  readonly param?: string;
  /** Nobody can tell where the next request would begin, so there must not be one. */
  readonly mustClose?: boolean;
}

const MiB = 1024 * 1024;
const chunkedHeader = ['Transfer-Encoding: chunked'];
const said = (secret: string): string => chatBody({ user: secret });

const withHeaders =
  (...headers: readonly string[]) =>
  (key: string, secret: string): Buffer =>
    requestBytes({ key, headers: headers.map((line) => line.replace('SECRET', secret)), body: said(secret) });

const chunkedRaw =
  (body: (secret: string) => string) =>
  (key: string, secret: string): Buffer =>
    requestBytes({ key, headers: chunkedHeader, contentLength: null, body: body(secret) });

const encoded =
  (encoding: string, body: (secret: string) => Buffer) =>
  (key: string, secret: string): Buffer =>
    requestBytes({ key, headers: [`Content-Encoding: ${encoding}`], body: body(secret) });

const at =
  (method: string, path: string, body?: string) =>
  (key: string, secret: string): Buffer =>
    requestBytes({ key, method, path: path.replace('SECRET', secret), ...(body !== undefined && { body }) });

const bare = (text: string) => (_key: string, secret: string) =>
  Buffer.from(text.replace('SECRET', secret), 'latin1');

const broken = (name: string, bytes: HttpCase['bytes'], metered = false): HttpCase => ({
  name,
  bytes,
  status: 400,
  code: 'malformed_http',
  metered,
  mustClose: true,
});

const twoHundredHeaders = Array.from({ length: 200 }, (_, n) => `X-Lethe-Header-${n}: SECRET`);
const bomb = (): Buffer => gzipSync(Buffer.alloc(40 * MiB, 0x20));

export const httpCases: readonly HttpCase[] = [
  broken(
    'a chunk size that is no number',
    chunkedRaw((secret) => `zz\r\n${secret}\r\n0\r\n\r\n`),
    true,
  ),
  broken(
    'a chunk longer than it says',
    chunkedRaw((secret) => `4\r\n{"x"${secret}\r\n0\r\n\r\n`),
    true,
  ),
  broken(
    'a chunk size beyond all numbers',
    chunkedRaw((secret) => `ffffffffffffffffff\r\n${secret}`),
    true,
  ),
  broken('both a length and chunks', (key, secret) =>
    requestBytes({ key, headers: chunkedHeader, body: chunked(said(secret)) }),
  ),
  broken('two lengths', withHeaders('Content-Length: 3')),
  broken('a length that is no number', (key, secret) =>
    requestBytes({ key, headers: [`Content-Length: ${secret}`], contentLength: null, body: said(secret) }),
  ),
  broken('a header with a NUL', withHeaders('X-Note: SECRET\u0000')),
  broken('a header without a colon', withHeaders('SECRET')),
  broken('a header name with a blank', withHeaders('X SECRET: y')),
  broken('bytes that are no HTTP', bare('\u0016\u0003\u0001 SECRET \r\n\r\n')),
  broken('the preface of HTTP/2', bare('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nSECRET')),
  { ...broken('no Host', bare('GET /SECRET HTTP/1.1\r\n\r\n')), mustClose: false },
  {
    name: 'two hundred headers',
    bytes: withHeaders(...twoHundredHeaders),
    status: 431,
    code: 'headers_too_large',
    metered: true,
    mustClose: true,
  },
  {
    name: 'a header of 40 KiB',
    bytes: (key, secret) => withHeaders(`X-Note: ${secret.padEnd(40 * 1024, 'x')}`)(key, secret),
    status: 431,
    code: 'headers_too_large',
    metered: false,
    mustClose: true,
  },
  {
    name: 'a WebSocket upgrade',
    bytes: (key, secret) =>
      requestBytes({
        key,
        method: 'GET',
        path: `/v1/realtime?q=${secret}`,
        contentLength: null,
        headers: [
          'Connection: Upgrade',
          'Upgrade: websocket',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        ],
      }),
    status: 426,
    code: 'upgrade_refused',
    metered: true,
    mustClose: true,
  },
  {
    name: 'a length over the limit, before any of it came',
    bytes: (key) => requestBytes({ key, contentLength: 40 * MiB }),
    status: 413,
    code: 'body_too_large',
    metered: true,
    mustClose: true,
  },
  {
    name: 'chunks over the limit',
    bytes: chunkedRaw((secret) => chunked(...Array.from({ length: 34 }, () => secret.padEnd(MiB, ' ')))),
    status: 400,
    code: 'malformed_json',
    metered: true,
    mustClose: true,
  },
  {
    name: 'chunks of white space over the limit',
    bytes: chunkedRaw(() => chunked(...Array.from({ length: 34 }, () => ' '.repeat(MiB)))),
    status: 413,
    code: 'body_too_large',
    metered: true,
    mustClose: true,
  },
  {
    name: 'an encoding that is not offered',
    bytes: encoded('zstd', (secret) => Buffer.from(said(secret))),
    status: 415,
    code: 'unsupported_encoding',
    metered: true,
  },
  {
    name: 'two encodings',
    bytes: encoded('gzip, gzip', (secret) => gzipSync(gzipSync(said(secret)))),
    status: 415,
    code: 'unsupported_encoding',
    metered: true,
  },
  {
    name: 'gzip that is none',
    bytes: encoded('gzip', (secret) => Buffer.from(said(secret))),
    status: 400,
    code: 'invalid_encoding',
    metered: true,
  },
  {
    name: 'gzip cut off',
    bytes: encoded('gzip', (secret) => gzipSync(said(secret)).subarray(0, -9)),
    status: 400,
    code: 'invalid_encoding',
    metered: true,
  },
  {
    name: 'gzip that holds more than the limit',
    bytes: encoded('gzip', bomb),
    status: 413,
    code: 'body_too_large',
    metered: true,
  },
  {
    name: 'deflate that holds broken JSON',
    param: 'model',
    bytes: encoded('deflate', (secret) => deflateRawSync(`{"model":${secret}`)),
    status: 400,
    code: 'malformed_json',
    metered: true,
  },
  {
    name: 'a path that is not there',
    bytes: at('POST', '/v1/SECRET?q=SECRET', '{}'),
    status: 404,
    code: 'not_found',
    metered: true,
  },
  {
    name: 'a method that is not offered',
    bytes: at('DELETE', '/v1/chat/completions?q=SECRET'),
    status: 405,
    code: 'method_not_allowed',
    metered: true,
  },
  {
    name: 'TRACE',
    bytes: at('TRACE', '/v1/chat/completions?q=SECRET'),
    status: 405,
    code: 'method_not_allowed',
    metered: true,
  },
  {
    name: 'CONNECT',
    bytes: (key, secret) =>
      requestBytes({ key, method: 'CONNECT', path: `${secret}.example:443`, contentLength: null }),
    status: 405,
    code: 'method_not_allowed',
    metered: false,
    mustClose: true,
  },
];
