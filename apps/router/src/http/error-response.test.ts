import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type ErrorCode, errorBody, errorCodes } from '@lethe/contracts';
import { type RawAnswer, RawClient } from '../testing/raw-client.js';
import { errorJson, lingerMs, sendError } from './error-response.js';

type Handler = (incoming: IncomingMessage, res: ServerResponse) => void;
const open: (() => void)[] = [];
const start = async (handler: Handler): Promise<RawClient> => {
  const server = createServer(handler);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const client = new RawClient((server.address() as AddressInfo).port);
  open.push(() => {
    client.socket.destroy();
    server.closeAllConnections();
    server.close();
  });
  return client;
};
afterEach(() => {
  for (const close of open.splice(0)) close();
});
const refusing =
  (code: ErrorCode, more: Partial<Parameters<typeof sendError>[2]> = {}): Handler =>
  (incoming, res) =>
    sendError(incoming, res, { code, param: null, headers: [], ...more });
const post = (length: number): string => `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`;
const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

describe('a closed error', () => {
  it('has OpenAI’s shape, for every code there is', async () => {
    for (const code of Object.keys(errorCodes) as ErrorCode[]) {
      const client = await start(refusing(code, { param: 'messages' }));
      client.send(get);
      const [answer] = (await client.answers(1)) as [RawAnswer];
      const origin = code.startsWith('provider.') ? 'provider' : 'router';
      expect([answer.status, JSON.parse(answer.body)]).toEqual([
        errorCodes[code].status,
        errorBody(code, origin, 'messages'),
      ]);
      expect(answer.body).toBe(errorJson(code, 'messages'));
      expect(answer.headers['content-type']).toBe('application/json');
      for (const close of open.splice(0)) close();
    }
  });

  it('has Anthropic’s shape where that is spoken, with the id of the request', async () => {
    for (const code of Object.keys(errorCodes) as ErrorCode[]) {
      const headers = ['x-lethe-request-id', 'r-1'];
      const client = await start(refusing(code, { dialect: 'anthropic', param: 'system', headers }));
      client.send(get);
      const [answer] = (await client.answers(1)) as [RawAnswer];
      expect(answer.status).toBe(errorCodes[code].status);
      expect(answer.headers['request-id']).toBe('r-1');
      const origin = code.startsWith('provider.') ? 'provider' : 'router';
      expect(JSON.parse(answer.body)).toEqual({
        type: 'error',
        error: {
          ...errorBody(code, origin, 'system').error,
          type: expect.stringMatching(/^[a-z]+(_[a-z]+)*_(error|large)$/),
        },
        request_id: 'r-1',
      });
      for (const close of open.splice(0)) close();
    }
  });

  it('says whether another try is worth it, and when', async () => {
    const retry: [ErrorCode, string | undefined][] = [
      ['caller.malformed_json', 'false'],
      ['caller.invalid_api_key', 'false'],
      ['provider.rate_limited', undefined],
      ['gateway.overloaded', undefined],
    ];
    for (const [code, expected] of retry) {
      const client = await start(
        refusing(code, { retryAfterSeconds: 7, headers: ['x-lethe-request-id', 'r'] }),
      );
      client.send(get);
      const [{ headers }] = (await client.answers(1)) as [RawAnswer];
      expect(headers).toMatchObject({ 'retry-after': '7', 'x-lethe-request-id': 'r' });
      expect(headers['x-should-retry']).toBe(expected);
    }
  });

  it('is not sent into an answer that has begun, nor to one that is gone', async () => {
    const client = await start((incoming, res) => {
      res.write('begun ');
      refusing('gateway.internal')(incoming, res);
      res.end('whole');
    });
    client.send(get);
    expect((await client.answers(1))[0]).toMatchObject({ status: 200, body: 'begun whole' });
    const gone = await start((incoming, res) => {
      res.destroy();
      refusing('gateway.internal')(incoming, res);
    });
    gone.send(get);
    await gone.ended();
    expect(gone.received).toBe('');
  });

  it('keeps the connection when the whole request is here', async () => {
    const client = await start((incoming, res) => {
      if (incoming.method === 'GET') refusing('caller.not_found')(incoming, res);
      else incoming.resume().on('end', () => refusing('caller.malformed_json')(incoming, res));
    });
    client.send(get, post(0), post(2), '{}', get);
    const answers = await client.answers(4);
    expect(answers.map(({ status, headers }) => [status, headers.connection])).toEqual([
      [404, 'keep-alive'],
      [400, 'keep-alive'],
      [400, 'keep-alive'],
      [404, 'keep-alive'],
    ]);
  });
});

describe('an upload that is refused before its end', () => {
  it('is taken in and overwritten, so that the caller reads why; then the connection closes', async () => {
    const chunks: Buffer[] = [];
    const seen: boolean[] = [];
    const client = await start((incoming, res) => {
      incoming.on('data', (chunk: Buffer) => {
        seen.push(chunk.includes('CANARY'));
        chunks.push(chunk);
      });
      refusing('caller.invalid_api_key')(incoming, res);
    });
    const part = 'CANARY-7f1f '.repeat(10_000);
    client.send(post(4 * part.length), part);
    const [answer] = (await client.answers(1)) as [RawAnswer];
    expect([answer.status, answer.headers.connection]).toEqual([401, 'close']);
    for (let n = 0; n < 3; n += 1) {
      client.send(part);
      await sleep(10);
    }
    await client.ended();
    expect(chunks.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(4 * part.length);
    expect(seen).toContain(true);
    expect(chunks.every((chunk) => chunk.every((byte) => byte === 0))).toBe(true);
  });

  it('has its answer although it never stops, and is cut', async () => {
    const client = await start(refusing('caller.body_too_large'));
    client.send(post(1e9));
    const pushing = setInterval(() => client.send('x'.repeat(50_000)), 10);
    const begun = performance.now();
    expect((await client.answers(1))[0]?.status).toBe(413);
    expect(performance.now() - begun).toBeLessThan(lingerMs);
    await new Promise((closed) => client.socket.once('close', closed));
    clearInterval(pushing);
    expect(performance.now() - begun).toBeLessThan(lingerMs + 5_000);
  });

  it('has its answer although it stands still, and is closed', async () => {
    const client = await start(refusing('caller.timeout'));
    client.send(post(100), 'half');
    expect((await client.answers(1))[0]?.status).toBe(408);
    await client.ended();
  });

  it('may be cut by the caller at any time', async () => {
    let closed = false;
    const client = await start((incoming, res) => {
      res.on('close', () => {
        closed = true;
      });
      refusing('caller.body_too_large')(incoming, res);
    });
    client.send(post(1e6), 'half');
    await client.answers(1);
    client.reset();
    while (!closed) await sleep(5);
  });
});
