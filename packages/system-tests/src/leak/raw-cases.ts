import { setTimeout as pause } from 'node:timers/promises';
import { RawConnection } from '../bad-input/raw-connection.js';
import { chatBody, chunked, requestBytes } from '../bad-input/requests.js';
import { http } from '../support/http.js';
import type { LeakCase } from './chat-cases.js';
import type { Planter } from './manifest.js';

/** Sends bytes, takes whatever comes back and hangs up. */
const raw = (name: string, bytes: (planter: Planter) => Buffer): LeakCase => ({
  name,
  run: async (planter, router) => {
    const connection = await RawConnection.open(router);
    connection.send(bytes(planter));
    await connection.answer().catch(() => undefined);
    connection.close();
    return undefined;
  },
});

/** Sends half of a request, waits until the router has it, and hangs up. */
const halfSent = (name: string, bytes: (planter: Planter) => Buffer): LeakCase => ({
  name,
  run: async (planter, router) => {
    const connection = await RawConnection.open(router);
    connection.send(bytes(planter));
    await pause(200);
    connection.close();
    return undefined;
  },
});

const keyOf = ({ profile }: Planter): string => profile.key;
const secretBody = (planter: Planter): string =>
  chatBody({ messages: [{ role: 'user', content: planter.at('prompt').text }] });
const secretHeader = (planter: Planter): string => `X-Note: ${planter.at('header').text}`;

/** What never becomes a chat completion: other paths, broken framing, upgrades, uploads that end early. */
export const rawCases: readonly LeakCase[] = [
  {
    name: 'a path that is not there',
    run: (planter, router) =>
      http(`${router}/v1/${planter.at('path').text}?q=${planter.at('query').text}`, {
        body: JSON.stringify({ note: planter.at('body').text }),
        headers: {
          authorization: `Bearer ${planter.profile.key}`,
          'x-title': planter.at('X-Title').text,
        },
      }).catch(() => undefined),
  },
  raw('another method', (planter) =>
    requestBytes({
      key: keyOf(planter),
      method: 'PATCH',
      path: `/v1/chat/completions?q=${planter.at('query').text}`,
      body: secretBody(planter),
    }),
  ),
  raw('an unknown key', (planter) =>
    requestBytes({ key: `sk-lethe-${planter.at('key').text}`, body: secretBody(planter) }),
  ),
  raw('an unknown x-api-key', (planter) =>
    requestBytes({ headers: [`X-Api-Key: ${planter.at('key').text}`], body: secretBody(planter) }),
  ),
  raw('basic authentication', (planter) => {
    const credentials = Buffer.from(`user:${planter.at('password').text}`).toString('base64');
    return requestBytes({ headers: [`Authorization: Basic ${credentials}`], body: secretBody(planter) });
  }),
  raw('a broken chunk', (planter) =>
    requestBytes({
      key: keyOf(planter),
      headers: ['Transfer-Encoding: chunked', secretHeader(planter)],
      contentLength: null,
      body: `5\r\n{"mod${planter.at('chunk').text}\r\n0\r\n\r\n`,
    }),
  ),
  raw('chunks with a trailer', (planter) =>
    requestBytes({
      key: keyOf(planter),
      headers: ['Transfer-Encoding: chunked'],
      contentLength: null,
      body: chunked(secretBody(planter)).replace(/\r\n$/, `X-Trailer: ${planter.at('trailer').text}\r\n\r\n`),
    }),
  ),
  raw('a chunk extension', (planter) => {
    const body = secretBody(planter);
    const size = Buffer.byteLength(body).toString(16);
    return requestBytes({
      key: keyOf(planter),
      headers: ['Transfer-Encoding: chunked'],
      contentLength: null,
      body: `${size};note=${planter.at('extension').text}\r\n${body}\r\n0\r\n\r\n`,
    });
  }),
  raw('a broken header', (planter) =>
    requestBytes({
      key: keyOf(planter),
      headers: [`X Note: ${planter.at('header').text}`],
      body: secretBody(planter),
    }),
  ),
  raw('no HTTP at all', (planter) =>
    Buffer.from(`\u0016\u0003\u0001${planter.at('bytes').text}\r\n\r\n`, 'latin1'),
  ),
  raw('two hundred headers', (planter) =>
    requestBytes({
      key: keyOf(planter),
      headers: [
        secretHeader(planter),
        ...Array.from({ length: 198 }, (_, n) => `X-Lethe-N${n}: y`),
        `X-Lethe-Last: ${planter.at('last header').text}`,
      ],
      body: secretBody(planter),
    }),
  ),
  raw('a head beyond its limit', (planter) =>
    requestBytes({ key: keyOf(planter), headers: [`${secretHeader(planter)}${'x'.repeat(40_000)}`] }),
  ),
  raw('an upgrade', (planter) =>
    requestBytes({
      key: keyOf(planter),
      method: 'GET',
      path: `/v1/realtime?model=${planter.at('query').text}`,
      contentLength: null,
      headers: ['Connection: Upgrade', 'Upgrade: websocket', secretHeader(planter)],
    }),
  ),
  raw('CONNECT', (planter) =>
    requestBytes({
      key: keyOf(planter),
      method: 'CONNECT',
      path: `${planter.at('host').text}:443`,
      contentLength: null,
      headers: [secretHeader(planter)],
    }),
  ),
  raw('another expectation', (planter) =>
    requestBytes({
      key: keyOf(planter),
      headers: [`Expect: ${planter.at('header').text}`],
      body: secretBody(planter),
    }),
  ),
  raw('two pipelined, the second broken', (planter) =>
    Buffer.concat([
      requestBytes({ key: keyOf(planter), body: secretBody(planter) }),
      Buffer.from(`${planter.at('second').text} \r\n\r\n`),
    ]),
  ),
  halfSent('half a body', (planter) =>
    requestBytes({ key: keyOf(planter), body: secretBody(planter), contentLength: 9_999 }),
  ),
  halfSent('half a head', (planter) =>
    Buffer.from(`POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-Note: ${planter.at('header').text}`),
  ),
];
