import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import {
  collect,
  eventually,
  failureOf,
  ScriptedProvider,
  splicedBody,
} from '../../testing/scripted-provider.js';
import type { BodySink, ProviderClient, UpstreamResponse } from '../types.js';

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

describe('a connection', () => {
  it.each([
    [
      'in one write',
      ['HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil'],
    ],
    [
      'in two',
      ['HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}', 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil'],
    ],
  ])('that brings a second response %s is not used again', async (_, parts) => {
    provider.answer = (socket, _request, index) => {
      if (sockets.length > 1 || index > 0) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood');
      else for (const part of parts) socket.write(part);
    };
    expect(await collect(await send())).toEqual({ end: 'complete', text: '{}' });
    expect(await collect(await send())).toEqual({ end: 'complete', text: 'good' });
    expect(sockets).toHaveLength(2);
  });

  it('that brings a second response behind a read that was full is not used again', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-length: ';
    const bodyBytes = 32 * 1024 - head.length - '00000\r\n\r\n'.length;
    const first = `${head}${bodyBytes}\r\n\r\n${'x'.repeat(bodyBytes)}`;
    expect(first).toHaveLength(32 * 1024);
    provider.answer = (socket, _request, index) => {
      if (sockets.length > 1 || index > 0) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood');
      else socket.write(`${first}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`);
    };
    expect((await collect(await send())).text).toHaveLength(bodyBytes);
    expect(await collect(await send())).toEqual({ end: 'complete', text: 'good' });
    expect(sockets).toHaveLength(2);
  });

  it('that the provider has closed meanwhile costs nothing', async () => {
    provider.answer = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
      setTimeout(() => socket.destroy(), 30);
    };
    for (let index = 0; index < 3; index++) {
      expect(await collect(await send())).toEqual({ end: 'complete', text: '{}' });
      await eventually(() => sockets.every((socket) => socket.destroyed));
      await settled();
    }
    expect(sockets).toHaveLength(3);
  });

  it('that breaks once the request may have been read fails, and the request is not repeated', async () => {
    let requests = 0;
    provider.answer = (socket, _request, index) => {
      requests++;
      if (index === 0) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
      else socket.resetAndDestroy();
    };
    await collect(await send());
    await settled();
    expect(await failureOf(send())).toBe('reset sent');
    expect(requests).toBe(2);
  });

  it('is not kept longer than the provider says', async () => {
    provider.answerWith('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nkeep-alive: timeout=1\r\n\r\n{}');
    await collect(await send());
    await eventually(() => sockets[0]?.destroyed === true);
    await collect(await send());
    expect(sockets).toHaveLength(2);
  });

  it('is shared when there may be only one, and abandoned waiters go', async () => {
    const single = provider.client({}, 1);
    let open = 0;
    provider.answer = (socket) => {
      open++;
      setTimeout(() => {
        open--;
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
      }, 20);
      expect(open).toBe(1);
    };
    let abort = (): void => undefined;
    const sent = [1, 2, 3].map(async () => collect(await send(undefined, single)));
    const abandoned = send(undefined, single, (cut) => {
      abort = cut;
    });
    abort();
    expect(await failureOf(abandoned)).toBe('aborted unsent');
    expect(await Promise.all(sent)).toEqual(Array(3).fill({ end: 'complete', text: '{}' }));
    expect(sockets).toHaveLength(1);
  });

  it('is waited for no longer than the limit', async () => {
    const single = provider.client({ connectMsMax: 60 }, 1);
    provider.answer = () => undefined;
    const first = send(undefined, single);
    expect(await failureOf(send(undefined, single))).toBe('connect_timeout unsent');
    single.close();
    expect(await failureOf(first)).toMatch(/^aborted|^reset/);
    expect(await failureOf(send(undefined, single))).toBe('unreachable unsent');
  });
});

describe('an abort', () => {
  it('cuts the provider off at once, before the head and amid the body', async () => {
    let abort = (): void => undefined;
    const onAbort = (cut: () => void): void => {
      abort = cut;
    };
    provider.answer = () => abort();
    expect(await failureOf(send(undefined, client, onAbort))).toBe('aborted sent');
    await eventually(() => sockets.every((socket) => socket.destroyed));

    provider.answerWith('HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello');
    const response = await send(undefined, client, onAbort);
    const end = response.pipe({
      data: () => {
        abort();
        return 'continue';
      },
    });
    expect(await end).toBe('aborted');
    await eventually(() => sockets.every((socket) => socket.destroyed));
    abort();
    expect(provider.timer.size).toBe(0);
  });
});

describe('buffers', () => {
  const withKnownBuffers = async (run: (made: Buffer[]) => Promise<void>): Promise<void> => {
    const made: Buffer[] = [];
    const original = Buffer.allocUnsafeSlow.bind(Buffer);
    const spy = jest.spyOn(Buffer, 'allocUnsafeSlow').mockImplementation((size) => {
      const buffer = original(size).fill(0);
      made.push(buffer);
      return buffer;
    });
    try {
      await run(made);
    } finally {
      spy.mockRestore();
    }
  };
  const holds = (made: readonly Buffer[], text: string): boolean =>
    made.some((buffer) => buffer.includes(text));

  it('hold nothing of request or response once it is over', () =>
    withKnownBuffers(async (made) => {
      provider.answerWith(
        'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n',
        '6\r\ncanary\r\n0\r\n\r\n',
      );
      const fresh = provider.client();
      const sending = send(splicedBody('{"prompt":"a question"}'), fresh);
      await eventually(() => sockets.length > 0);
      const response = await sending;
      expect(holds(made, 'Bearer')).toBe(false);
      let sawCanary = false;
      await response.pipe({
        data: () => {
          sawCanary = holds(made, 'canary');
          return 'continue';
        },
      });
      expect(sawCanary).toBe(true);
      expect(holds(made, 'canary') || holds(made, 'question')).toBe(false);
    }));

  it('that a sink holds stay whole until released, under a pause too, and are overwritten then', () =>
    withKnownBuffers(async (made) => {
      const total = 600_000;
      provider.answer = (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${total}\r\n\r\n`);
        socket.write(Buffer.alloc(total, 'canary'));
      };
      const response = await send(undefined, provider.client());
      const held: { buffer: Buffer; text: string; start: number; end: number }[] = [];
      const sink: BodySink = {
        data: (buffer, start, end) => {
          held.push({ buffer, start, end, text: buffer.toString('latin1', start, end) });
          return held.length % 3 === 0 ? 'pause' : 'held';
        },
      };
      let end: string | undefined;
      void response.pipe(sink).then((how) => {
        end = how;
      });
      let text = '';
      while (end === undefined || held.length > 0) {
        await settled();
        for (const { buffer, start, end: stop, text: seen } of held.splice(0)) {
          expect(buffer.toString('latin1', start, stop) === seen).toBe(true);
          text += seen;
          response.release(buffer);
        }
        response.resume();
      }
      expect(end).toBe('complete');
      expect(text === 'canary'.repeat(total / 6)).toBe(true);
      await settled();
      expect(holds(made, 'canary')).toBe(false);
    }));

  it('are not read into while a sink pauses', async () => {
    const total = 50_000_000;
    let sentAll = false;
    provider.answer = (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${total}\r\n\r\n`);
      socket.write(Buffer.alloc(total), () => {
        sentAll = true;
      });
    };
    const response = await send();
    let received = 0;
    let pauses = 0;
    const end = response.pipe({
      data: (buffer, start, stop) => {
        received += stop - start;
        response.release(buffer);
        return ++pauses === 5 ? 'pause' : 'held';
      },
    });
    await eventually(() => pauses === 5);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(pauses).toBe(5);
    expect(sentAll).toBe(false);
    response.resume();
    expect(await end).toBe('complete');
    expect(received).toBe(total);
  });
});
