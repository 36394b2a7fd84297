import { setTimeout as pause } from 'node:timers/promises';
import { RawConnection } from '../../bad-input/raw-connection.js';
import { chunked, type RawRequest, requestBytes } from '../../bad-input/requests.js';
import { http } from '../../support/http.js';
import { type Asked, bodyOf, type Outcome, plainModel } from './outcome.js';

type MakeBytes = (asked: Asked) => Buffer;

/** Where a request goes makes no difference to what is no sound HTTP. */
const onlyChat: Outcome['at'] = ({ content }) => content.name === 'chat';

/** Sends bytes, takes whatever comes back and hangs up. */
const raw = (name: string, bytes: MakeBytes, at?: Outcome['at']): Outcome => ({
  name,
  streams: false,
  ...(at !== undefined && { at }),
  run: async (asked) => {
    const connection = await RawConnection.open(asked.router);
    connection.send(bytes(asked));
    await connection.answer().catch(() => undefined);
    connection.close();
    return undefined;
  },
});

/** Sends half of a request, waits until the router has it, and hangs up. */
const halfSent = (name: string, bytes: MakeBytes): Outcome => ({
  name,
  streams: true,
  run: async (asked) => {
    const connection = await RawConnection.open(asked.router);
    connection.send(bytes(asked));
    await pause(200);
    connection.close();
    return undefined;
  },
});

const bytesOf = ({ route, planter }: Asked, request: RawRequest): Buffer =>
  requestBytes({ path: route.served.path, key: planter.profile.key, ...request });
const secretBody = (asked: Asked): string =>
  bodyOf(asked, plainModel(asked.route), asked.planter.at('prompt').text);
const secretHeader = ({ planter }: Asked): string => `X-Note: ${planter.at('header').text}`;

/** What never becomes a sound request: other paths, broken framing, upgrades, uploads that end early. */
export const rawOutcomes: readonly Outcome[] = [
  {
    name: 'a path that is not there',
    streams: false,
    run: ({ route, planter, router }) =>
      http(`${router}${route.served.path}/${planter.at('path').text}?q=${planter.at('query').text}`, {
        body: JSON.stringify({ note: planter.at('body').text }),
        headers: {
          authorization: `Bearer ${planter.profile.key}`,
          'x-title': planter.at('X-Title').text,
        },
      }).catch(() => undefined),
  },
  {
    name: 'the list of models',
    streams: false,
    at: onlyChat,
    run: ({ planter, router }) =>
      http(`${router}/v1/models?q=${planter.at('query').text}`, {
        headers: {
          authorization: `Bearer ${planter.profile.key}`,
          'user-agent': planter.at('User-Agent').text,
          'x-title': planter.at('X-Title').text,
          cookie: planter.at('Cookie').text,
        },
      }),
  },
  raw('another method', (asked) =>
    bytesOf(asked, {
      method: 'PATCH',
      path: `${asked.route.served.path}?q=${asked.planter.at('query').text}`,
      body: secretBody(asked),
    }),
  ),
  raw('an unknown key', (asked) =>
    bytesOf(asked, { key: `sk-lethe-${asked.planter.at('key').text}`, body: secretBody(asked) }),
  ),
  raw('an unknown x-api-key', (asked) =>
    bytesOf(asked, {
      key: undefined,
      headers: [`X-Api-Key: ${asked.planter.at('key').text}`],
      body: secretBody(asked),
    }),
  ),
  raw('basic authentication', (asked) => {
    const credentials = Buffer.from(`user:${asked.planter.at('password').text}`).toString('base64');
    return bytesOf(asked, {
      key: undefined,
      headers: [`Authorization: Basic ${credentials}`],
      body: secretBody(asked),
    });
  }),
  raw('a broken chunk', (asked) =>
    bytesOf(asked, {
      headers: ['Transfer-Encoding: chunked', secretHeader(asked)],
      contentLength: null,
      body: `5\r\n{"mod${asked.planter.at('chunk').text}\r\n0\r\n\r\n`,
    }),
  ),
  raw('chunks with a trailer', (asked) =>
    bytesOf(asked, {
      headers: ['Transfer-Encoding: chunked'],
      contentLength: null,
      body: chunked(secretBody(asked)).replace(
        /\r\n$/,
        `X-Trailer: ${asked.planter.at('trailer').text}\r\n\r\n`,
      ),
    }),
  ),
  raw('a chunk extension', (asked) => {
    const body = secretBody(asked);
    const size = Buffer.byteLength(body).toString(16);
    return bytesOf(asked, {
      headers: ['Transfer-Encoding: chunked'],
      contentLength: null,
      body: `${size};note=${asked.planter.at('extension').text}\r\n${body}\r\n0\r\n\r\n`,
    });
  }),
  raw(
    'a broken header',
    (asked) =>
      bytesOf(asked, {
        headers: [`X Note: ${asked.planter.at('header').text}`],
        body: secretBody(asked),
      }),
    onlyChat,
  ),
  raw(
    'no HTTP at all',
    (asked) => Buffer.from(`\u0016\u0003\u0001${asked.planter.at('bytes').text}\r\n\r\n`, 'latin1'),
    onlyChat,
  ),
  raw(
    'two hundred headers',
    (asked) =>
      bytesOf(asked, {
        headers: [
          secretHeader(asked),
          ...Array.from({ length: 198 }, (_, n) => `X-Lethe-N${n}: y`),
          `X-Lethe-Last: ${asked.planter.at('last header').text}`,
        ],
        body: secretBody(asked),
      }),
    onlyChat,
  ),
  raw(
    'a head beyond its limit',
    (asked) => bytesOf(asked, { headers: [`${secretHeader(asked)}${'x'.repeat(40_000)}`] }),
    onlyChat,
  ),
  raw('an upgrade', (asked) =>
    bytesOf(asked, {
      method: 'GET',
      path: `${asked.route.served.path}?model=${asked.planter.at('query').text}`,
      contentLength: null,
      headers: ['Connection: Upgrade', 'Upgrade: websocket', secretHeader(asked)],
    }),
  ),
  raw(
    'CONNECT',
    (asked) =>
      bytesOf(asked, {
        method: 'CONNECT',
        path: `${asked.planter.at('host').text}:443`,
        contentLength: null,
        headers: [secretHeader(asked)],
      }),
    onlyChat,
  ),
  raw(
    'another expectation',
    (asked) =>
      bytesOf(asked, {
        headers: [`Expect: ${asked.planter.at('header').text}`],
        body: secretBody(asked),
      }),
    onlyChat,
  ),
  raw(
    'two pipelined, the second broken',
    (asked) =>
      Buffer.concat([
        bytesOf(asked, { body: secretBody(asked) }),
        Buffer.from(`${asked.planter.at('second').text} \r\n\r\n`),
      ]),
    onlyChat,
  ),
  halfSent('a body over the limit', (asked) =>
    bytesOf(asked, { body: secretBody(asked), contentLength: 40 * 1024 * 1024 }),
  ),
  halfSent('half a body', (asked) => bytesOf(asked, { body: secretBody(asked), contentLength: 9_999 })),
  halfSent('half a head', (asked) =>
    Buffer.from(
      `POST ${asked.route.served.path} HTTP/1.1\r\nHost: x\r\nX-Note: ${asked.planter.at('header').text}`,
    ),
  ),
];
