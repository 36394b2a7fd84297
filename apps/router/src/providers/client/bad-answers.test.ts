import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
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

beforeEach(async () => {
  provider = await ScriptedProvider.start();
  client = provider.client();
});
afterEach(() => provider.stop());

const send = (from = client): Promise<UpstreamResponse> =>
  from.send(provider.target, splicedBody('{}'), 'application/json', () => undefined);

/** Sends one piece after the other, for as long as somebody listens. */
const drip = (before: string, piece: string): void => {
  provider.answer = (socket) => {
    socket.write(before);
    const timer = setInterval(() => {
      if (socket.destroyed) clearInterval(timer);
      else socket.write(piece);
    }, 10);
  };
};
const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';

describe('an answer without end', () => {
  it('is cut when it drips for longer than an answer may take', async () => {
    drip(chunked, '1\r\nx\r\n');
    const startedAt = performance.now();
    const { end, text } = await collect(await send(provider.client({ idleMsMax: 2_000, answerMsMax: 300 })));
    expect(end).toBe('cut');
    expect(text.length).toBeGreaterThan(5);
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    await eventually(() => provider.sockets.every((socket) => socket.destroyed));
  });

  it('is cut when its sink never goes on', async () => {
    provider.answer = (socket) => socket.write(`${chunked}5\r\nhello\r\n`);
    const response = await send(provider.client({ idleMsMax: 50, answerMsMax: 200 }));
    const startedAt = performance.now();
    expect(await response.pipe({ data: () => 'pause' })).toBe('cut');
    expect(performance.now() - startedAt).toBeGreaterThan(120);
  });

  it.each([
    ['header bytes', 'HTTP/1.1 200 OK\r\nx: ', 'y'],
    ['headers', 'HTTP/1.1 200 OK\r\n', 'x: y\r\n'],
    ['single bytes of a status line', 'H', ''],
  ])('is cut when its head drips, in %s', async (_, before, piece) => {
    drip(before, piece);
    expect(await failureOf(send(provider.client({ headMsMax: 200 })))).toBe('head_timeout sent');
  });

  it('is cut when its head goes on', async () => {
    for (const piece of ['y'.repeat(4_000), `x: ${'y'.repeat(100)}\r\n`.repeat(30)]) {
      drip('HTTP/1.1 200 OK\r\nx: ', piece);
      expect(await failureOf(send())).toBe('head_too_large sent');
    }
    drip('', 'HTTP/1.1 103 Early Hints\r\n\r\n');
    expect(await failureOf(send())).toBe('malformed sent');
  });
});

describe('an answer that lies', () => {
  it('about its length by too little brings no more than it says, and its connection serves nobody', async () => {
    provider.answer = (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhello');
    for (let index = 0; index < 3; index++)
      expect(await collect(await send())).toEqual({ end: 'complete', text: 'he' });
    expect(provider.sockets).toHaveLength(3);
  });

  it('about its length by too much is cut, before and after its first byte', async () => {
    for (const text of ['', 'hello']) {
      provider.answer = (socket) => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n${text}`);
      expect(await collect(await send())).toEqual({ end: 'cut', text });
      provider.answer = (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n${text}`);
        setTimeout(() => socket.resetAndDestroy(), 30);
      };
      expect(await collect(await send())).toEqual({ end: 'cut', text });
    }
  });

  it('about its type is handed over as it is', async () => {
    provider.answerWith('HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 2\r\n\r\n{}');
    const response = await send();
    expect(response.header('content-type')).toBe('image/png');
    expect(await collect(response)).toEqual({ end: 'complete', text: '{}' });
  });

  it('about the protocol is refused: a switch, or another one', async () => {
    for (const answer of [
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n',
      'HTTP/2 200\r\n\r\n',
      '\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64',
    ]) {
      provider.answer = (socket) => socket.write(answer, 'latin1');
      expect(await failureOf(send())).toBe('malformed sent');
    }
    await eventually(() => provider.sockets.every((socket) => socket.destroyed));
  });

  it('comes before the request has been read, and its connection serves nobody', async () => {
    const { sockets } = provider;
    const answering = provider.client();
    // It answers the head alone.
    provider.answer = () => undefined;
    const body = splicedBody('x'.repeat(40_000_000));
    const sending = answering.send(provider.target, body, 'application/json', () => undefined);
    await eventually(() => sockets.length === 1);
    sockets[0]?.pause();
    sockets[0]?.write('HTTP/1.1 413 Too large\r\ncontent-length: 2\r\n\r\nno');
    const response = await sending;
    expect(response.status).toBe(413);
    expect(await collect(response)).toEqual({ end: 'complete', text: 'no' });
    sockets[0]?.resume();
    await eventually(() => sockets[0]?.destroyed === true);
  });

  it('disturbs no other request', async () => {
    let turn = 0;
    const answers = [
      'nonsense',
      'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nevil',
      `${chunked}xyz`,
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil',
    ];
    provider.answer = (socket) => {
      if (turn++ % 2 === 0) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood');
      else socket.end(answers[turn % answers.length] as string);
    };
    const good: string[] = [];
    for (let index = 0; index < 24; index++) {
      const sent = send().then(collect, () => ({ end: 'failed', text: '' }));
      const { end, text } = await sent;
      if (index % 2 === 0) good.push(`${end} ${text}`);
      else expect(text).not.toBe('good');
    }
    expect(good).toEqual(Array(12).fill('complete good'));
  });
});
