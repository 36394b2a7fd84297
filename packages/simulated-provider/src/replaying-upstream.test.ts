import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ask } from '../test-client.js';
import type { Listening } from './listen.js';
import { type ReplayRequest, type ReplayResponse, startReplayingUpstream } from './replaying-upstream.js';

let upstream: Listening | undefined;
afterEach(() => upstream?.close());

const serve = async (respond: (request: ReplayRequest) => ReplayResponse): Promise<string> => {
  upstream = await startReplayingUpstream({ respond });
  return upstream.url;
};

describe('startReplayingUpstream', () => {
  it('sends one buffer whole, byte for byte', async () => {
    const body = Buffer.from([0, 255, 13, 10, 128, 7]);
    const url = await serve(() => ({ status: 418, headers: { 'content-type': 'x/y', 'x-mark': 'm' }, body }));
    const reply = await ask(url);
    expect(reply.body.equals(body)).toBe(true);
    expect(reply).toMatchObject({ status: 418, headers: { 'x-mark': 'm', 'content-length': '6' } });
  });

  it('sends several buffers as a chunked body, each as a chunk of its own, split anywhere', async () => {
    const bytes = Buffer.from('data: {"a":"é🌿"}\n\n');
    const body = [...bytes].map((byte) => Buffer.from([byte]));
    const url = await serve(() => ({ status: 200, headers: { 'content-type': 'text/event-stream' }, body }));
    expect((await ask(url)).body.equals(bytes)).toBe(true);
    const raw = await new Promise<string>((resolve) => {
      const socket = connect(upstream?.port ?? 0, '127.0.0.1');
      const parts: Buffer[] = [];
      socket.on('data', (part) => parts.push(part));
      socket.on('end', () => resolve(Buffer.concat(parts).toString('latin1')));
      socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    });
    expect(raw.match(/\r\n1\r\n/g)?.length).toBe(bytes.length);
  });

  it('shows the request as received', async () => {
    let seen: ReplayRequest | undefined;
    const url = await serve((request) => {
      seen = request;
      return { status: 204, headers: {}, body: [] };
    });
    await ask(`${url}/a/b?c=d`, { body: '{"x" : 1}', headers: { 'x-name': 'v' } });
    expect(seen).toMatchObject({ method: 'POST', path: '/a/b?c=d', headers: { 'x-name': 'v' } });
    expect(seen?.body.toString()).toBe('{"x" : 1}');
  });

  it('resets the connection when there is nothing to send', async () => {
    const url = await serve(() => {
      throw new Error('no recording');
    });
    await expect(ask(url)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});
