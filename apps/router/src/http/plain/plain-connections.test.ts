import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { ErrorCode } from '@lethe/contracts';
import { RawClient } from '../../testing/raw-client.js';
import type { CallerRequest, CallerResponse } from '../caller.js';
import { createWriter } from '../choose-writer.js';
import { sendError } from '../error-response.js';
import { createHttpServer } from '../server.js';
import { PlainCall } from './plain-call.js';

type Handler = (incoming: CallerRequest, res: CallerResponse) => void;
const servers: { close(drainMs: number): Promise<void> }[] = [];
const clients: RawClient[] = [];

const path = '/v1/chat/completions';
/** A server whose posts are counted by who read them. */
const start = async (handler: Handler, { headMsMax = 20_000, readsPlain = true } = {}) => {
  const broken: ErrorCode[] = [];
  const readBy = { us: 0, node: 0 };
  const post: Handler = (incoming, res) => {
    if (incoming instanceof PlainCall) readBy.us++;
    else readBy.node++;
    handler(incoming, res);
  };
  const server = await createHttpServer({
    host: '127.0.0.1',
    port: 0,
    headBytesMax: 8 * 1024,
    headMsMax,
    routes: {
      posts: new Map([[path, post]]),
      ...(readsPlain ? { plainPosts: new Map([[path, post]]) } : {}),
      models: (_incoming, res) => res.end('{"data":[]}'),
      unrouted: (code, incoming, res) => sendError(incoming, res, { code, param: null, headers: [] }),
      broken: (code) => broken.push(code),
    },
  });
  servers.push(server);
  const client = (): RawClient => {
    const made = new RawClient(server.port);
    clients.push(made);
    return made;
  };
  return { server, broken, readBy, client };
};
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.destroy();
  await Promise.all(servers.splice(0).map((server) => server.close(100)));
});

const answer = (res: CallerResponse, text: string, headers: readonly string[] = []): void => {
  const bytes = Buffer.from(text);
  const writer = createWriter({
    res,
    status: 200,
    headers: ['content-length', String(bytes.length), ...headers],
    onDrain: () => undefined,
  });
  writer.write(bytes, 0, bytes.length, () => undefined);
  writer.end();
};
const digest = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');
/** Answers with what was read of the request. */
const tell: Handler = (incoming, res) => {
  const chunks: Buffer[] = [];
  incoming.on('data', (chunk) => chunks.push(Buffer.from(chunk)));
  incoming.on('end', () => {
    const body = Buffer.concat(chunks);
    answer(res, JSON.stringify([incoming.rawHeaders, body.length, digest(body)]));
  });
};
const post = (body: string, ...headers: readonly string[]): string =>
  [`POST ${path} HTTP/1.1`, 'Host: x', ...headers, `Content-Length: ${body.length}`, '', body].join('\r\n');
const told = (body: string, ...headers: readonly string[]): string =>
  JSON.stringify([
    [...['Host: x', ...headers, `Content-Length: ${body.length}`].flatMap((line) => line.split(': '))],
    body.length,
    digest(body),
  ]);

describe('plain posts', () => {
  it('are read here, whatever they are cut at, one after the other', async () => {
    const { client, readBy } = await start(tell);
    const one = client();
    const text = post('{"model":"m"}', 'X-A: b');
    for (let cut = 1; cut < text.length; cut += 7) {
      one.send(text.slice(0, cut));
      await sleep(1);
      one.send(text.slice(cut));
    }
    const count = Math.ceil((text.length - 1) / 7);
    const answers = await one.answers(count);
    expect(answers.map(({ body }) => body)).toEqual(new Array(count).fill(told('{"model":"m"}', 'X-A: b')));
    expect(readBy).toEqual({ us: count, node: 0 });
  });

  it('of any size come whole', async () => {
    const { client, readBy } = await start(tell);
    const one = client();
    const bodies = [1, 16_000, 65_535, 65_536, 200_000, 1_500_000].map((bytes) =>
      'abcdefg'.repeat(bytes / 7 + 1).slice(0, bytes),
    );
    for (const [index, body] of bodies.entries()) {
      one.send(post(body));
      expect((await one.answers(index + 1))[index]?.body).toBe(told(body));
    }
    expect(readBy.us).toBe(bodies.length);
  });

  it('sent ahead are answered in turn, also more of them than are kept', async () => {
    const { client, readBy } = await start((incoming, res) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk) => chunks.push(chunk));
      // Later than the next ones are here.
      incoming.on('end', () => setTimeout(() => answer(res, digest(Buffer.concat(chunks))), 2));
    });
    const one = client();
    const bodies = Array.from({ length: 60 }, (_, index) => `${index}`.repeat(2_000));
    one.send(...bodies.map((body) => post(body)));
    expect((await one.answers(60)).map(({ body }) => body)).toEqual(bodies.map((body) => digest(body)));
    expect(readBy).toEqual({ us: 60, node: 0 });
  });

  it('that are refused unread are answered, and the connection closes', async () => {
    const { client } = await start((incoming, res) =>
      sendError(incoming, res, { code: 'caller.invalid_api_key', param: null, headers: [] }),
    );
    const one = client();
    one.send(post('x'.repeat(50)).slice(0, -10));
    const [refused] = await one.answers(1);
    expect([refused?.status, refused?.headers.connection]).toEqual([401, 'close']);
    one.send('x'.repeat(10));
    await one.ended();
  });

  it('that throw are answered with a closed error', async () => {
    const { client, broken } = await start(() => {
      throw new Error('CANARY');
    });
    const one = client();
    one.send(post('hi'));
    expect((await one.answers(1))[0]?.status).toBe(500);
    expect(one.received).not.toContain('CANARY');
    expect(broken).toEqual(['gateway.internal']);
  });

  it('are told when their caller leaves, by a reset or by an end', async () => {
    const gone: string[] = [];
    const { client } = await start((incoming) => {
      incoming.on('close', () => gone.push(String(incoming.readableEnded)));
      incoming.on('data', () => undefined);
    });
    for (const leave of [(one: RawClient) => one.reset(), (one: RawClient) => one.socket.end()]) {
      for (const text of [post('whole'), post('cut').slice(0, -1)]) {
        const one = client();
        one.send(text);
        await sleep(30);
        leave(one);
      }
    }
    while (gone.length < 4) await sleep(5);
    expect(gone.sort()).toEqual(['false', 'false', 'true', 'true']);
  });
});

describe('anything else is left to Node, on the same connection', () => {
  const odd = [
    `POST ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n`,
    post('hi', 'Expect: 100-continue'),
    post('hi', 'Connection: close'),
    post('hi', 'X-A: caf\u00e9'),
    post('hi', 'Trailer: x'),
    `POST ${path}?a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi`,
    'GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n',
    `POST ${path} HTTP/1.0\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi`,
    post('hi').replace('Host: x\r\n', ''),
    post('hi', 'Host: y'),
    post('hi').replace('Content-Length: 2', 'Content-Length: +2'),
    post('hi').replace('Content-Length: 2', 'Content-Length : 2'),
    post('hi', 'Content-Length: 2'),
    post('hi', 'A: b\r\n c'),
    post('hi', 'A: b\nB: c'),
    post('hi', 'A: b\rc'),
    post('hi', 'A: \0'),
    post('hi').replaceAll('\r\n', '\n'),
    post('hi').replaceAll('\r\n', '\r'),
    'CANARY\r\n\r\n',
    `P${'x'.repeat(9_000)}\r\n\r\n`,
    post('hi', `X: ${'x'.repeat(9_000)}`),
  ];

  it.each(odd)('%j', async (text) => {
    const through = async (before: string, readsPlain: boolean): Promise<unknown> => {
      const { client, broken, readBy } = await start(tell, { readsPlain });
      const one = client();
      const count = before === '' ? 0 : 1;
      one.send(before);
      await one.answers(count);
      for (let at = 0; at < text.length; at += 4_000) {
        one.send(text.slice(at, at + 4_000));
        await sleep(2);
      }
      if (text.includes('HTTP/1.0')) await one.ended();
      else await sleep(60);
      const answers = (await one.answers(0)).slice(count);
      expect(readBy.us).toBe(readsPlain ? count : 0);
      const seen = answers.map(({ status, body }) => [status, body]);
      return { seen, broken, closed: one.closed };
    };
    const byNode = await through('', false);
    expect(await through('', true)).toEqual(byNode);
    expect(await through(post('{}'), true)).toEqual(byNode);
  });

  it('with half a head, and none at all', async () => {
    const { client, broken } = await start(tell, { headMsMax: 800 });
    const [half, none] = [client(), client()];
    half.send(post('hi').slice(0, 30));
    expect((await half.answers(1))[0]?.status).toBe(408);
    expect((await none.answers(1))[0]?.status).toBe(408);
    const ended = client();
    ended.send(post('hi').slice(0, 30));
    ended.socket.end();
    expect((await ended.answers(1))[0]?.status).toBe(400);
    expect(broken.sort()).toEqual(['caller.malformed_http', 'caller.timeout', 'caller.timeout']);
  });

  it('with half a head sent ahead, which has no longer than any other', async () => {
    const { client, broken } = await start(tell, { headMsMax: 800 });
    const one = client();
    one.send(post('hi') + post('hi').slice(0, 30));
    const statuses = (await one.answers(2)).map(({ status }) => status);
    expect(statuses).toEqual([200, 408]);
    expect(broken).toEqual(['caller.timeout']);
  });

  it('with half a head sent ahead of an answer that takes its time', async () => {
    const { client, broken } = await start(
      (_incoming, res) => {
        setTimeout(() => answer(res, 'late'), 200);
      },
      { headMsMax: 800 },
    );
    const one = client();
    one.send(post('hi'));
    await sleep(60);
    one.send(post('hi').slice(0, 30));
    const statuses = (await one.answers(2)).map(({ status }) => status);
    expect(statuses).toEqual([200, 408]);
    expect(broken).toEqual(['caller.timeout']);
  });
});

describe('close', () => {
  it('waits for what runs, and for nothing else', async () => {
    let finish = (): void => undefined;
    const { server, client } = await start((incoming, res) => {
      incoming.on('end', () => {
        finish = () => answer(res, 'done');
      });
      incoming.on('data', () => undefined);
    });
    const [running, idle] = [client(), client()];
    running.send(post('hi'));
    idle.send('');
    await sleep(30);
    const closing = server.close(10_000);
    await idle.ended();
    finish();
    expect((await running.answers(1))[0]?.body).toBe('done');
    await closing;
  });
});
