import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { type ErrorCode, errorBody } from '@lethe/contracts';
import { type RawAnswer, RawClient } from '../testing/raw-client.js';
import { sendError } from './error-response.js';
import { createHttpServer } from './server.js';

type Handler = (incoming: IncomingMessage, res: ServerResponse) => void;
const servers: { close(drainMs: number): Promise<void> }[] = [];
const clients: RawClient[] = [];

const start = async (chatCompletions: Handler = () => undefined, headMsMax?: number) => {
  const broken: ErrorCode[] = [];
  const server = await createHttpServer({
    host: '127.0.0.1',
    port: 0,
    headBytesMax: 8 * 1024,
    ...(headMsMax === undefined ? {} : { headMsMax }),
    routes: {
      posts: new Map([['/v1/chat/completions', chatCompletions]]),
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
  return { server, broken, client };
};
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.destroy();
  await Promise.all(servers.splice(0).map((server) => server.close(100)));
});

const request = (line: string, ...headers: readonly string[]): string =>
  [`${line} HTTP/1.1`, 'Host: x', ...headers, '', ''].join('\r\n');
const models = request('GET /v1/models');
const post = (length: number, ...headers: readonly string[]): string =>
  request('POST /v1/chat/completions', `Content-Length: ${length}`, ...headers);
const oneAnswer = async (client: RawClient): Promise<RawAnswer> => (await client.answers(1))[0] as RawAnswer;
/** The error of an answer; it must be one of ours, whole, and say nothing of what was sent. */
const expectError = ({ status, headers, body }: RawAnswer, expected: number, code: ErrorCode): void => {
  expect(status).toBe(expected);
  expect(JSON.parse(body)).toEqual(errorBody(code, 'router'));
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    'content-length': String(body.length),
  });
};
/** Answers with the request's path or body once it was read. */
const echo: Handler = (incoming, res) => {
  let text = '';
  incoming.on('data', (chunk) => {
    text += chunk;
  });
  incoming.on('end', () => res.end(text));
};

describe('routes', () => {
  it('that are none get 404, other methods of one get 405, and the connection stays', async () => {
    const { client } = await start();
    const one = client();
    one.send(
      request('GET /nothing'),
      request('GET /v1/chat/completions'),
      request('DELETE /v1/models'),
      models,
    );
    const [missing, wrong, alsoWrong, found] = (await one.answers(4)) as [
      RawAnswer,
      RawAnswer,
      RawAnswer,
      RawAnswer,
    ];
    expectError(missing, 404, 'caller.not_found');
    expectError(wrong, 405, 'caller.method_not_allowed');
    expectError(alsoWrong, 405, 'caller.method_not_allowed');
    expect(missing.headers['x-should-retry']).toBe('false');
    expect([found.status, found.body]).toEqual([200, '{"data":[]}']);
  });

  it('answer HEAD like GET, without a body and without a second answer', async () => {
    const printed = jest.spyOn(globalThis.console, 'error').mockImplementation(() => undefined);
    const { client } = await start();
    const one = client();
    one.send(request('HEAD /v1/models'), request('HEAD /nothing'), models);
    await one.until(() => one.received.includes('{"data":[]}'));
    expect(one.received.match(/HTTP\/1\.1 (\d+)/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200']);
    expect(one.received.match(/\{/g)?.length).toBe(1);
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
  });

  it('that throw are answered with a closed error, and nothing is printed', async () => {
    const printed = jest.spyOn(globalThis.console, 'error').mockImplementation(() => undefined);
    const { client, broken } = await start((_incoming, res) => {
      if (res.req.headers['x-late'] !== undefined) res.write('begun');
      throw new Error('CANARY-7f1f');
    });
    const [early, late] = [client(), client()];
    early.send(post(0));
    expectError(await oneAnswer(early), 500, 'gateway.internal');
    late.send(post(0, 'X-Late: 1'));
    await late.ended();
    expect(late.received).not.toContain('CANARY');
    expect(broken).toEqual(['gateway.internal', 'gateway.internal']);
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
  });
});

describe('what is not valid HTTP', () => {
  it.each([
    ['garbage', 'CANARY-7f1f\r\n\r\n'],
    ['a bad version', 'GET /v1/models HTTP/9.9\r\nHost: x\r\n\r\n'],
    ['a bad header', request('GET /v1/models', 'CANARY-7f1f')],
    ['a NUL in a header', request('GET /v1/models', 'A: CANARY\0')],
    ['two lengths', request('POST /v1/chat/completions', 'Content-Length: 1', 'Content-Length: 2')],
    ['length and chunks', post(5, 'Transfer-Encoding: chunked')],
    ['a length that is none', request('POST /v1/chat/completions', 'Content-Length: CANARY')],
    ['a target that is no path', request('GET CANARY')],
    ['an asterisk', request('OPTIONS *')],
    ['a backslash', request('GET /CANARY\\b')],
    ['a broken absolute target', request('GET http://[CANARY/')],
    ['a host that is none', 'GET /v1/models HTTP/1.1\r\nHost: CANARY 7\r\n\r\n'],
    ['a host that is none, on the direct way', post(0, 'Host: CANARY/7').replace('Host: x\r\n', '')],
    ['two hosts', post(0, 'Host: CANARY')],
    ['no host', 'GET /v1/models HTTP/1.1\r\n\r\n'],
  ])('%s gets 400 in our shape and is counted', async (_what, text) => {
    const { client, broken } = await start(echo);
    const one = client();
    one.send(text);
    const answer = await oneAnswer(one);
    expectError(answer, 400, 'caller.malformed_http');
    expect(answer.headers).toMatchObject({ 'x-lethe-retention': 'none', 'cache-control': 'no-store' });
    expect(one.received).not.toContain('CANARY');
    expect(broken).toEqual(['caller.malformed_http']);
  });

  it('a head that is too large gets 431; one just below passes', async () => {
    const { client, broken } = await start();
    const [large, fits] = [client(), client()];
    large.send(request('GET /v1/models', `A: ${'x'.repeat(8 * 1024)}`));
    expectError(await oneAnswer(large), 431, 'caller.headers_too_large');
    fits.send(request('GET /v1/models', `A: ${'x'.repeat(7 * 1024)}`));
    expect((await oneAnswer(fits)).status).toBe(200);
    expect(broken).toEqual(['caller.headers_too_large']);
  });

  it('five hundred headers are no business of this place', async () => {
    let count = 0;
    const { client } = await start((incoming, res) => {
      count = incoming.rawHeaders.length / 2;
      res.end();
    });
    const one = client();
    one.send(post(0, ...Array.from({ length: 500 }, (_, n) => `a${n}: b`)));
    expect((await oneAnswer(one)).status).toBe(200);
    expect(count).toBe(502);
  });

  it('a head that takes too long gets 408', async () => {
    const { client, broken } = await start(undefined, 200);
    const one = client();
    one.send('GET /v1/models HTTP/1.1\r\nHost: x\r\n');
    expectError(await oneAnswer(one), 408, 'caller.timeout');
    expect(broken).toEqual(['caller.timeout']);
  });

  it('is told to whoever reads the body, who answers', async () => {
    const { client, broken } = await start(async (incoming, res) => {
      const { readBody } = await import('./read-body.js');
      const { knownNames } = await import('@lethe/json-scanner');
      const { CoarseTimer } = await import('@lethe/service-kit');
      const limits = {
        bodyBytesMax: 1024,
        nestingMax: 8,
        topLevelFieldsMax: 8,
        uploadMsMax: 10_000,
        uploadIdleMsMax: 10_000,
      };
      await readBody(incoming, { names: knownNames([]), limits, timer: new CoarseTimer() }).catch(
        ({ code }: { code: ErrorCode }) => sendError(incoming, res, { code, param: null, headers: [] }),
      );
    });
    const one = client();
    one.send(request('POST /v1/chat/completions', 'Transfer-Encoding: chunked'), '5\r\n{"a":\r\nCANARY\r\n');
    expectError(await oneAnswer(one), 400, 'caller.malformed_http');
    await one.ended();
    expect(one.received).not.toContain('CANARY');
    expect(broken).toEqual([]);
  });
});

describe('upgrades', () => {
  const upgrade = request('GET /v1/chat/completions', 'Connection: Upgrade', 'Upgrade: websocket');

  it('get 426, CONNECT gets 405, and the connection is closed', async () => {
    const { client, broken } = await start();
    for (const [text, status, code] of [
      [upgrade, 426, 'caller.upgrade_refused'],
      [request('CONNECT x:1'), 405, 'caller.method_not_allowed'],
    ] as const) {
      const one = client();
      one.send(text);
      expectError(await oneAnswer(one), status, code);
      await one.ended();
    }
    expect(broken).toEqual(['caller.method_not_allowed']);
  });

  /** A socket that Node hands over bare, and one that it keeps. */
  const both = [request('CONNECT x:1'), upgrade];

  it.each(both)(
    'cut by a reset leave the process alive, answered or still waiting for their turn: %j',
    async (text) => {
      const { client } = await start((_incoming, res) => {
        res.write('begun');
      });
      for (let n = 1; n <= 20; n += 1) {
        const [waiting, answered] = [client(), client()];
        waiting.send(post(0), text);
        answered.send(text, 'x'.repeat(100_000));
        await Promise.all([waiting, answered].map((one) => one.until(() => one.received !== '')));
        waiting.reset();
        answered.reset();
      }
      await sleep(100);
      const after = client();
      after.send(models);
      expect((await oneAnswer(after)).status).toBe(200);
    },
  );

  it.each(both)('that are never closed by the other side are cut all the same: %j', async (text) => {
    const { client } = await start();
    const one = client();
    one.send(text);
    await one.ended();
    const gone = new Promise((resolve) => one.socket.once('close', resolve));
    const poke = setInterval(() => one.send('x'), 50);
    await gone;
    clearInterval(poke);
  });
});

describe('requests on one connection', () => {
  it('are answered in order, whichever is ready first', async () => {
    const waiting: (() => void)[] = [];
    const { client } = await start((incoming, res) => {
      waiting.push(() => res.end(String(incoming.headers['x-name'])));
    });
    const one = client();
    one.send(...['a', 'b', 'c'].map((name) => post(0, `X-Name: ${name}`)), models);
    while (waiting.length < 3) await sleep(5);
    for (const answer of waiting.reverse()) answer();
    expect((await one.answers(4)).map(({ body }) => body)).toEqual(['a', 'b', 'c', '{"data":[]}']);
  });

  it('that are followed by garbage or an upgrade are answered first, whole', async () => {
    for (const [text, status] of [
      ['CANARY\r\n\r\n', 400],
      [request('GET /', 'Connection: Upgrade', 'Upgrade: websocket'), 426],
      [request('GET /', 'Connection: Upgrade', 'Upgrade: x'), 404],
    ] as const) {
      const { client } = await start(async (_incoming, res) => {
        for (let part = 0; part < 5; part += 1) {
          res.write(`part ${part};`);
          await sleep(20);
        }
        res.end();
      });
      const one = client();
      one.send(post(0), text);
      const answers = await one.answers(2);
      expect(answers.map((answer) => answer.status)).toEqual([200, status]);
      expect(answers[0]?.body).toBe('part 0;part 1;part 2;part 3;part 4;');
    }
  });

  it('may be HTTP/1.0: without a host, closed after the answer', async () => {
    const { client } = await start(echo);
    const one = client();
    one.send('POST /v1/chat/completions HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi');
    await one.ended();
    const answer = await oneAnswer(one);
    expect([answer.status, answer.body, answer.headers.connection]).toEqual([200, 'hi', 'close']);
  });

  it('may expect 100-continue, and wish for what nobody knows', async () => {
    const { client } = await start(echo);
    const one = client();
    one.send(post(2, 'Expect: 100-continue'));
    expect((await oneAnswer(one)).status).toBe(100);
    one.send('hi');
    expect((await one.answers(2)).map(({ status, body }) => [status, body])).toEqual([
      [100, ''],
      [200, 'hi'],
    ]);
    one.send(post(2, 'Expect: CANARY'), 'ho');
    expect((await one.answers(3))[2]).toMatchObject({ status: 200, body: 'ho' });
  });
});

describe('close', () => {
  it('takes no new connections, waits for what runs, and no longer', async () => {
    let finish = (): void => undefined;
    const { server, client } = await start((_incoming, res) => {
      res.write('half ');
      finish = () => res.end('whole');
    });
    const [running, idle] = [client(), client()];
    idle.send(models);
    await idle.answers(1);
    running.send(post(0));
    await running.until(() => running.received.includes('half'));
    let closed = false;
    const begun = performance.now();
    const closing = server.close(20_000).then(() => {
      closed = true;
    });
    await idle.ended();
    const late = client();
    await late.ended();
    expect([late.received, closed]).toEqual(['', false]);
    finish();
    expect((await oneAnswer(running)).body).toBe('half whole');
    await closing;
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  it('does not wait for a kept connection that has run dry', async () => {
    let finish: (() => void) | undefined;
    const { server, client } = await start((_incoming, res) => {
      finish = () => res.end('done');
    });
    const one = client();
    one.send(post(0));
    while (finish === undefined) await sleep(5);
    const begun = performance.now();
    const closing = server.close(20_000);
    finish();
    await one.ended();
    expect((await oneAnswer(one)).body).toBe('done');
    await closing;
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  it('cuts what runs on past the deadline', async () => {
    const { server, client } = await start((_incoming, res) => void res.write('for ever'));
    const one = client();
    one.send(post(0));
    await one.until(() => one.received.includes('for ever'));
    await server.close(50);
    await one.ended();
  });
});
