import { type AddressInfo, createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Opaque } from '@lethe/service-kit';
import {
  collect,
  eventually,
  failureOf,
  ScriptedProvider,
  splicedBody,
} from '../../testing/scripted-provider.js';
import type { ProviderClient, UpstreamResponse } from '../types.js';

let provider: ScriptedProvider;
let client: ProviderClient;
let sockets: Socket[];

beforeEach(async () => {
  provider = await ScriptedProvider.start();
  client = provider.client();
  sockets = provider.sockets;
});
afterEach(() => provider.stop());

const send = (
  body = splicedBody('{"model":"m"}'),
  from = client,
  onAbort: (abort: () => void) => void = () => undefined,
): Promise<UpstreamResponse> => from.send(provider.target, body, 'application/json', onAbort);
/** Lets the pool take the connection back. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

describe('the request on the wire', () => {
  it('is exact', async () => {
    let seen = '';
    provider.answer = (socket, request) => {
      seen = request.toString();
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
    };
    await collect(await send(splicedBody('{"model":', '"m"', '}')));
    expect(seen).toBe(
      `POST /base/v1/chat/completions HTTP/1.1\r\nhost: ${provider.target.origin.slice(7)}\r\n` +
        'authorization: Bearer sk-provider\r\ncontent-type: application/json\r\naccept: application/json\r\n' +
        'accept-encoding: identity\r\nuser-agent: lethe\r\ncontent-length: 13\r\n\r\n{"model":"m"}',
    );
  });

  it('carries large bodies in many buffers, byte for byte', async () => {
    let seen = Buffer.alloc(0);
    provider.answer = (socket, request) => {
      seen = Buffer.from(request.subarray(request.indexOf('\r\n\r\n') + 4));
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
    };
    const parts = Array.from({ length: 300 }, (_, index) => `${index}:`.padEnd(9_000, 'x'));
    expect((await collect(await send(splicedBody(...parts)))).end).toBe('complete');
    expect(seen.equals(Buffer.from(parts.join('')))).toBe(true);
  });

  it('refuses credentials and paths that would break the head', async () => {
    for (const broken of [{ credential: new Opaque('a\r\nb: c') }, { path: '/a b' }, { origin: 'ftp://x' }]) {
      const sending = client.send(
        { ...provider.target, ...broken },
        splicedBody('{}'),
        'application/json',
        () => undefined,
      );
      expect(await failureOf(sending)).toMatch(/^(malformed|unreachable) unsent$/);
    }
  });
});

describe('responses', () => {
  it.each([
    ['a length', ['HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello']],
    ['a length, cut', ['HTTP/1.1 200 OK\r\ncont', 'ent-length: 5\r\n\r', '\nhe', 'llo']],
    ['chunks', ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n']],
    [
      'chunks, cut',
      ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nh', 'e\r\n3', '\r\nllo\r\n0\r\n', '\r\n'],
    ],
    [
      'hints before it',
      ['HTTP/1.1 103 Early Hints\r\n\r\n', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello'],
    ],
  ])('are read with %s, and the connection is used again', async (_, parts) => {
    provider.answerWith(...parts);
    for (let index = 0; index < 3; index++) {
      const response = await send();
      expect(response.status).toBe(200);
      expect(await collect(response)).toEqual({ end: 'complete', text: 'hello' });
      await settled();
    }
    expect(sockets).toHaveLength(1);
  });

  it('end with the connection when they say no length', async () => {
    provider.answer = (socket) => socket.end('HTTP/1.1 200 OK\r\nx-a: b\r\n\r\nhello');
    const response = await send();
    expect(response.header('x-a')).toBe('b');
    expect(await collect(response)).toEqual({ end: 'complete', text: 'hello' });
  });

  it('wait for a sink that comes late, even when the connection is gone', async () => {
    provider.answer = (socket) =>
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello');
    const response = await send();
    await settled();
    expect(await collect(response)).toEqual({ end: 'complete', text: 'hello' });
  });

  it('are complete without a body', async () => {
    provider.answerWith('HTTP/1.1 204 No Content\r\n\r\n');
    expect(await collect(await send())).toEqual({ end: 'complete', text: '' });
  });

  it('that redirect are handed over, not followed', async () => {
    let requests = 0;
    provider.answer = (socket) => {
      requests++;
      socket.write('HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n');
    };
    expect((await send()).status).toBe(302);
    await settled();
    expect(requests).toBe(1);
  });

  it('that are compressed against our wish are decompressed', async () => {
    const text = 'hello '.repeat(20_000);
    const body = gzipSync(text);
    provider.answerWith(
      `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`,
      body,
    );
    const response = await send();
    expect(response.header('content-encoding')).toBeUndefined();
    expect(response.header('content-length')).toBeUndefined();
    expect(await collect(response)).toEqual({ end: 'complete', text });
    provider.answerWith('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello');
    expect((await collect(await send())).end).toBe('cut');
    provider.answerWith('HTTP/1.1 200 OK\r\ncontent-encoding: zstd\r\ncontent-length: 5\r\n\r\nhello');
    expect(await failureOf(send())).toBe('malformed sent');
  });
});

describe('failures', () => {
  it('are told apart before the head', async () => {
    provider.answer = (socket) => socket.write('nonsense\r\n\r\n');
    expect(await failureOf(send())).toBe('malformed sent');
    provider.answer = (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`);
    expect(await failureOf(send())).toBe('head_too_large sent');
    provider.answer = (socket) => socket.resetAndDestroy();
    expect(await failureOf(send())).toBe('reset sent');
    provider.answer = (socket) => socket.end();
    expect(await failureOf(send())).toBe('reset sent');
    provider.answer = () => undefined;
    expect(await failureOf(send(undefined, provider.client({ headMsMax: 50 })))).toBe('head_timeout sent');
  });

  it('of the connection say that nothing was sent', async () => {
    const unused = createServer();
    await new Promise<void>((resolve) => unused.listen(0, '127.0.0.1', resolve));
    const { port } = unused.address() as AddressInfo;
    await new Promise((resolve) => unused.close(resolve));
    const nowhere = { ...provider.target, origin: `http://127.0.0.1:${port}` };
    expect(
      await failureOf(client.send(nowhere, splicedBody('{}'), 'application/json', () => undefined)),
    ).toBe('unreachable unsent');
  });

  it.each([
    ['a length that lies', 'HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello'],
    ['chunks without an end', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n'],
    ['a chunk that is cut', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhello'],
  ])('amid a body cut it: %s', async (_, wire) => {
    provider.answer = (socket) => socket.end(wire);
    expect(await collect(await send())).toEqual({ end: 'cut', text: 'hello' });
  });

  it('amid a body cut it, with what came before: broken framing, a reset, silence', async () => {
    const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
    provider.answerWith(`${head}5\r\nhello\r\nxyz\r\n`);
    expect(await collect(await send())).toEqual({ end: 'cut', text: 'hello' });
    provider.answer = (socket) => {
      socket.write(`${head}5\r\nhello\r\n`);
      setTimeout(() => socket.resetAndDestroy(), 30);
    };
    expect(await collect(await send())).toEqual({ end: 'cut', text: 'hello' });
    provider.answerWith(`${head}5\r\nhello\r\n`);
    expect(await collect(await send(undefined, provider.client({ idleMsMax: 50 })))).toEqual({
      end: 'cut',
      text: 'hello',
    });
  });

  it('of a body that nobody takes do not last', async () => {
    provider.answerWith('HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello');
    const response = await send(undefined, provider.client({ idleMsMax: 50 }));
    await eventually(() => sockets.every((socket) => socket.destroyed));
    expect(await collect(response)).toMatchObject({ end: 'cut' });
  });
});
