import type { HttpCase } from './http-cases.js';
import { chatBody, chunked, requestBytes } from './requests.js';

/** A whole request that hides where a body could be said to have ended: answered, it would be a second answer. */
const hidden = (secret: string): string => `GET /${secret} HTTP/1.1\r\nHost: x\r\n\r\n`;
const body = (secret: string): string => chatBody({ user: secret });

/** A sound head but for these lines, and a body that hides another request. */
const framed =
  (lines: readonly string[], of: (secret: string) => string) =>
  (key: string, secret: string): Buffer =>
    requestBytes({
      key,
      contentLength: null,
      headers: lines.map((line) => line.replace('LENGTH', String(Buffer.byteLength(body(secret))))),
      body: `${of(secret)}${hidden(secret)}`,
    });

const refusedFraming = (name: string, metered: boolean, bytes: HttpCase['bytes']): HttpCase => ({
  name,
  bytes,
  status: 400,
  code: 'malformed_http',
  metered,
  mustClose: true,
});

const lengths = (name: string, ...lines: readonly string[]): HttpCase =>
  refusedFraming(name, false, framed(lines, body));
const encodings = (name: string, ...lines: readonly string[]): HttpCase =>
  refusedFraming(
    name,
    false,
    framed(lines, (secret) => chunked(body(secret))),
  );
const chunks = (name: string, of: (size: string, secret: string) => string): HttpCase =>
  refusedFraming(
    name,
    true,
    framed(['Transfer-Encoding: chunked'], (secret) =>
      of(Buffer.byteLength(body(secret)).toString(16), secret),
    ),
  );

/** The text of a sound request, changed. */
const rewritten =
  (change: (text: string, secret: string) => string) =>
  (key: string, secret: string): Buffer =>
    Buffer.from(change(requestBytes({ key, body: body(secret) }).toString('latin1'), secret), 'latin1');

const targets = (target: string, version = 'HTTP/1.1'): HttpCase['bytes'] =>
  rewritten((text, secret) =>
    text.replace('/v1/chat/completions HTTP/1.1', `${target.replace('SECRET', secret)} ${version}`),
  );

const end = '0\r\n\r\n';

/** What makes two readers of one connection disagree where a request ends, or for whom it is. */
export const smugglingCases: readonly HttpCase[] = [
  lengths('the same length twice', 'Content-Length: LENGTH', 'Content-Length: LENGTH'),
  lengths('a list of lengths', 'Content-Length: LENGTH, LENGTH'),
  lengths('a length with a sign', 'Content-Length: +LENGTH'),
  lengths('a negative length', 'Content-Length: -1'),
  lengths('a length in hex', 'Content-Length: 0x10'),
  lengths('a length with a blank in it', 'Content-Length: 1 0'),
  lengths('a length beyond all numbers', 'Content-Length: 99999999999999999999999'),
  lengths('a blank before the colon of a length', 'Content-Length : LENGTH'),
  lengths('chunks and a length, chunks first', 'Transfer-Encoding: chunked', 'Content-Length: LENGTH'),
  lengths('a transfer encoding of identity', 'Transfer-Encoding: identity', 'Content-Length: LENGTH'),
  encodings('a blank before the colon of an encoding', 'Transfer-Encoding : chunked'),
  encodings('chunked, and not last', 'Transfer-Encoding: chunked, identity'),
  encodings('chunked twice', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'),
  encodings('chunked and another', 'Transfer-Encoding: chunked', 'Transfer-Encoding: identity'),
  encodings('a vertical tab before an encoding', 'Transfer-Encoding: \u000bchunked'),
  encodings('an encoding on a folded line', 'Transfer-Encoding:\r\n chunked'),
  { ...encodings('an unknown transfer encoding', 'Transfer-Encoding: xchunked'), metered: true },
  { ...encodings('a quoted transfer encoding', 'Transfer-Encoding: "chunked"'), metered: true },
  refusedFraming(
    'an end of chunks, and a length that goes on',
    false,
    framed(['Content-Length: 6', 'Transfer-Encoding: chunked'], () => `${end}G`),
  ),
  chunks('line feeds alone between chunks', (size, secret) => `${size}\n${body(secret)}\n0\n\n`),
  chunks('a line feed alone after a size', (size, secret) => `${size}\n${body(secret)}\r\n${end}`),
  chunks('a size in C', (size, secret) => `0x${size}\r\n${body(secret)}\r\n${end}`),
  chunks('a negative size', (_, secret) => `-1\r\n${body(secret)}\r\n${end}`),
  chunks('a blank after a size', (size, secret) => `${size} \r\n${body(secret)}\r\n${end}`),
  chunks('no line break after a chunk', (size, secret) => `${size}\r\n${body(secret)}${end}`),
  chunks(
    'a line feed within a chunk extension',
    (size, secret) => `${size};a\nb\r\n${body(secret)}\r\n${end}`,
  ),
  chunks(
    'a length in the trailer',
    (size, secret) => `${size}\r\n${body(secret)}\r\n0\r\nContent-Length: 5\r\n\r\n`,
  ),
  {
    ...chunks(
      'a chunk extension of 40 KiB',
      (size, secret) => `${size};${secret.padEnd(40 * 1024, 'a')}\r\n${body(secret)}\r\n${end}`,
    ),
    status: 413,
    code: 'body_too_large',
  },
  {
    ...chunks(
      'a trailer of 40 KiB',
      (size, secret) => `${size}\r\n${body(secret)}\r\n0\r\nX: ${secret.padEnd(40 * 1024, 'a')}\r\n\r\n`,
    ),
    status: 431,
    code: 'headers_too_large',
  },
  refusedFraming('a folded header', false, (key, secret) =>
    requestBytes({ key, headers: [`X-Note: a\r\n ${secret}`], body: body(secret) }),
  ),
  refusedFraming(
    'a fold before the first header',
    false,
    rewritten((text, secret) => text.replace('Host:', ` X: ${secret}\r\nHost:`)),
  ),
  refusedFraming(
    'line feeds alone',
    false,
    rewritten((text) => text.replaceAll('\r\n', '\n')),
  ),
  refusedFraming(
    'carriage returns alone',
    false,
    rewritten((text) => text.replaceAll('\r\n', '\r')),
  ),
  refusedFraming('a line feed within a header', false, (key, secret) =>
    requestBytes({ key, headers: [`X-Note: ${secret}\nContent-Length: 1`], body: body(secret) }),
  ),
  refusedFraming('a carriage return within a header', false, (key, secret) =>
    requestBytes({ key, headers: [`X-Note: ${secret}\rContent-Length: 1`], body: body(secret) }),
  ),
  refusedFraming('a header without a name', false, (key, secret) =>
    requestBytes({ key, headers: [`: ${secret}`], body: body(secret) }),
  ),
  refusedFraming('a header name with a NUL', false, (key, secret) =>
    requestBytes({ key, headers: [`X-\u0000${secret}: y`], body: body(secret) }),
  ),
  refusedFraming('a header name that is not ASCII', false, (key, secret) =>
    requestBytes({ key, headers: [`X-\u00e9${secret}: y`], body: body(secret) }),
  ),
  {
    ...refusedFraming('a header name of 40 KiB', false, (key, secret) =>
      requestBytes({ key, headers: [`X-${secret.padEnd(40 * 1024, 'a')}: y`], body: body(secret) }),
    ),
    status: 431,
    code: 'headers_too_large',
  },
  ...['Host: other', 'Host: 127.0.0.1'].map((line) =>
    refusedFraming(`two hosts, the second ${line.slice(6)}`, false, (key, secret) =>
      requestBytes({ key, headers: [line], body: body(secret) }),
    ),
  ),
  ...['', 'a/b', 'a@b', 'a b'].map((host) =>
    refusedFraming(
      `the host "${host}"`,
      false,
      rewritten((text) => text.replace('Host: 127.0.0.1', `Host: ${host}`)),
    ),
  ),
  refusedFraming('a target that is an authority', false, targets('SECRET.example:80')),
  refusedFraming('a target that is an asterisk', false, targets('*')),
  refusedFraming('a target with a NUL', false, targets('/v1/chat/completions\u0000')),
  refusedFraming('an unknown minor version', false, targets('/v1/chat/completions', 'HTTP/1.2')),
  refusedFraming(
    'a method in small letters',
    false,
    rewritten((text) => text.replace('POST', 'post')),
  ),
  refusedFraming(
    'a blank before the method',
    false,
    rewritten((text) => ` ${text}`),
  ),
].map((row) => ({ ...row, mustClose: true }));

/** Odd, and all the same understood in one way only: served once, and what follows is the next request. */
export const oddCases: Readonly<Record<string, (key: string) => Buffer>> = {
  'a chunk extension': (key) =>
    requestBytes({
      key,
      contentLength: null,
      headers: ['Transfer-Encoding: chunked'],
      body: chunked(chatBody()).replace('\r\n', ';a="b;c\\""\r\n'),
    }),
  'a tab before an encoding': (key) =>
    requestBytes({
      key,
      contentLength: null,
      headers: ['transfer-ENCODING:\tChunked'],
      body: chunked(chatBody()),
    }),
  'an absolute target at another host': (key) =>
    Buffer.from(
      requestBytes({ key, body: chatBody() }).toString().replace('POST /v1', 'POST http://other.example/v1'),
    ),
  'empty lines before it': (key) =>
    Buffer.concat([Buffer.from('\r\n\r\n'), requestBytes({ key, body: chatBody() })]),
  'a connection header that names what matters': (key) =>
    requestBytes({ key, headers: ['Connection: Authorization, Content-Length'], body: chatBody() }),
  'an offer of HTTP/2': (key) =>
    requestBytes({
      key,
      headers: ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'],
      body: chatBody(),
    }),
  'a header name of 10,000 characters': (key) =>
    requestBytes({ key, headers: [`X-${'a'.repeat(10_000)}: y`], body: chatBody() }),
};
