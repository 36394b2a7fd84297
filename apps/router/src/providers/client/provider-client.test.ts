import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CoarseTimer, Opaque } from '@lethe/service-kit';
import type { SplicedBody } from '../../http/types.js';
import {
  type BodySink,
  type ProviderClient,
  UpstreamError,
  type UpstreamLimits,
  type UpstreamResponse,
} from '../types.js';
import { createProviderClient } from './provider-client.js';

const generous: UpstreamLimits = {
  connectMsMax: 5_000,
  headMsMax: 5_000,
  idleMsMax: 5_000,
  headBytesMax: 16 * 1024,
};
const timer = new CoarseTimer(10);

/** A provider by script: `answer` is called with each whole request and its number on the connection. */
interface Script {
  answer: (socket: Socket, request: Buffer, index: number) => void;
}
let script: Script;
let server: Server;
let sockets: Socket[];
let client: ProviderClient;
const clients: ProviderClient[] = [];

const clientWith = (limits: Partial<UpstreamLimits> = {}, connectionsPerOriginMax = 8): ProviderClient => {
  const made = createProviderClient({ limits: { ...generous, ...limits }, connectionsPerOriginMax, timer });
  clients.push(made);
  return made;
};

/** Splits a byte stream into requests by their content-length. */
const onRequests = (socket: Socket, each: (request: Buffer, index: number) => void): void => {
  let bytes = Buffer.alloc(0);
  let index = 0;
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    for (;;) {
      const head = bytes.indexOf('\r\n\r\n');
      const length = Number(
        /content-length: (\d+)/.exec(bytes.toString('latin1', 0, Math.max(0, head)))?.[1],
      );
      if (head < 0 || bytes.length < head + 4 + length) return;
      const request = bytes.subarray(0, head + 4 + length);
      bytes = bytes.subarray(head + 4 + length);
      each(request, index++);
    }
  });
};

beforeEach(async () => {
  sockets = [];
  script = { answer: (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}') };
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    onRequests(socket, (request, index) => script.answer(socket, request, index));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  client = clientWith();
});
afterEach(() => {
  for (const made of clients.splice(0)) made.close();
  for (const socket of sockets) socket.destroy();
  server.close();
});

const bodyOf = (...parts: readonly string[]): SplicedBody => {
  const buffers = parts.map((part) => Buffer.from(part));
  return { buffers, bytesTotal: Buffer.concat(buffers).length };
};
const target = () => ({
  origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  path: '/base/v1/chat/completions',
  credential: new Opaque('sk-provider'),
  authentication: 'bearer' as const,
});
const send = (
  body = bodyOf('{"model":"m"}'),
  from = client,
  onAbort: (abort: () => void) => void = () => undefined,
): Promise<UpstreamResponse> => from.send(target(), body, 'application/json', onAbort);

const collect = async (response: UpstreamResponse) => {
  const parts: Buffer[] = [];
  const end = await response.pipe({
    data: (buffer, start, stop) => {
      parts.push(Buffer.from(buffer.subarray(start, stop)));
      return 'continue';
    },
  });
  return { end, text: Buffer.concat(parts).toString() };
};
const failure = async (response: Promise<unknown>): Promise<string> => {
  try {
    await response;
    return 'no failure';
  } catch (error) {
    if (error instanceof UpstreamError) return `${error.failure} ${error.sent ? 'sent' : 'unsent'}`;
    throw error;
  }
};
const eventually = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};
/** Lets the pool take the connection back. */
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
const answerWith = (...parts: readonly (string | Buffer)[]): void => {
  script.answer = async (socket) => {
    for (const part of parts) {
      socket.write(part);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
};

describe('the request on the wire', () => {
  it('is exact', async () => {
    let seen = '';
    script.answer = (socket, request) => {
      seen = request.toString();
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
    };
    await collect(await send(bodyOf('{"model":', '"m"', '}')));
    expect(seen).toBe(
      `POST /base/v1/chat/completions HTTP/1.1\r\nhost: ${target().origin.slice(7)}\r\n` +
        'authorization: Bearer sk-provider\r\ncontent-type: application/json\r\naccept: application/json\r\n' +
        'accept-encoding: identity\r\nuser-agent: lethe\r\ncontent-length: 13\r\n\r\n{"model":"m"}',
    );
  });

  it('carries large bodies in many buffers, byte for byte', async () => {
    let seen = Buffer.alloc(0);
    script.answer = (socket, request) => {
      seen = Buffer.from(request.subarray(request.indexOf('\r\n\r\n') + 4));
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
    };
    const parts = Array.from({ length: 300 }, (_, index) => `${index}:`.padEnd(9_000, 'x'));
    expect((await collect(await send(bodyOf(...parts)))).end).toBe('complete');
    expect(seen.equals(Buffer.from(parts.join('')))).toBe(true);
  });

  it('refuses credentials and paths that would break the head', async () => {
    for (const broken of [{ credential: new Opaque('a\r\nb: c') }, { path: '/a b' }, { origin: 'ftp://x' }]) {
      const sending = client.send(
        { ...target(), ...broken },
        bodyOf('{}'),
        'application/json',
        () => undefined,
      );
      expect(await failure(sending)).toMatch(/^(malformed|unreachable) unsent$/);
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
    answerWith(...parts);
    for (let index = 0; index < 3; index++) {
      const response = await send();
      expect(response.status).toBe(200);
      expect(await collect(response)).toEqual({ end: 'complete', text: 'hello' });
      await settled();
    }
    expect(sockets).toHaveLength(1);
  });

  it('end with the connection when they say no length', async () => {
    script.answer = (socket) => socket.end('HTTP/1.1 200 OK\r\nx-a: b\r\n\r\nhello');
    const response = await send();
    expect(response.header('x-a')).toBe('b');
    expect(await collect(response)).toEqual({ end: 'complete', text: 'hello' });
  });

  it('wait for a sink that comes late, even when the connection is gone', async () => {
    script.answer = (socket) =>
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello');
    const response = await send();
    await settled();
    expect(await collect(response)).toEqual({ end: 'complete', text: 'hello' });
  });

  it('are complete without a body', async () => {
    answerWith('HTTP/1.1 204 No Content\r\n\r\n');
    expect(await collect(await send())).toEqual({ end: 'complete', text: '' });
  });

  it('that redirect are handed over, not followed', async () => {
    let requests = 0;
    script.answer = (socket) => {
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
    answerWith(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`, body);
    const response = await send();
    expect(response.header('content-encoding')).toBeUndefined();
    expect(response.header('content-length')).toBeUndefined();
    expect(await collect(response)).toEqual({ end: 'complete', text });
    answerWith('HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello');
    expect((await collect(await send())).end).toBe('cut');
    answerWith('HTTP/1.1 200 OK\r\ncontent-encoding: zstd\r\ncontent-length: 5\r\n\r\nhello');
    expect(await failure(send())).toBe('malformed sent');
  });
});

describe('failures', () => {
  it('are told apart before the head', async () => {
    script.answer = (socket) => socket.write('nonsense\r\n\r\n');
    expect(await failure(send())).toBe('malformed sent');
    script.answer = (socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`);
    expect(await failure(send())).toBe('head_too_large sent');
    script.answer = (socket) => socket.resetAndDestroy();
    expect(await failure(send())).toBe('reset sent');
    script.answer = (socket) => socket.end();
    expect(await failure(send())).toBe('reset sent');
    script.answer = () => undefined;
    expect(await failure(send(undefined, clientWith({ headMsMax: 50 })))).toBe('head_timeout sent');
  });

  it('of the connection say that nothing was sent', async () => {
    const unused = createServer();
    await new Promise<void>((resolve) => unused.listen(0, '127.0.0.1', resolve));
    const { port } = unused.address() as AddressInfo;
    await new Promise((resolve) => unused.close(resolve));
    const nowhere = { ...target(), origin: `http://127.0.0.1:${port}` };
    expect(await failure(client.send(nowhere, bodyOf('{}'), 'application/json', () => undefined))).toBe(
      'unreachable unsent',
    );
  });

  it.each([
    ['a length that lies', 'HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello'],
    ['chunks without an end', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n'],
    ['a chunk that is cut', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhello'],
  ])('amid a body cut it: %s', async (_, wire) => {
    script.answer = (socket) => socket.end(wire);
    expect(await collect(await send())).toEqual({ end: 'cut', text: 'hello' });
  });

  it('amid a body cut it, with what came before: broken framing, a reset, silence', async () => {
    const head = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
    answerWith(`${head}5\r\nhello\r\nxyz\r\n`);
    expect(await collect(await send())).toEqual({ end: 'cut', text: 'hello' });
    script.answer = (socket) => {
      socket.write(`${head}5\r\nhello\r\n`);
      setTimeout(() => socket.resetAndDestroy(), 30);
    };
    expect(await collect(await send())).toEqual({ end: 'cut', text: 'hello' });
    answerWith(`${head}5\r\nhello\r\n`);
    expect(await collect(await send(undefined, clientWith({ idleMsMax: 50 })))).toEqual({
      end: 'cut',
      text: 'hello',
    });
  });

  it('of a body that nobody takes do not last', async () => {
    answerWith('HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello');
    const response = await send(undefined, clientWith({ idleMsMax: 50 }));
    await eventually(() => sockets.every((socket) => socket.destroyed));
    expect(await collect(response)).toMatchObject({ end: 'cut' });
  });
});

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
    script.answer = (socket, _request, index) => {
      if (sockets.length > 1 || index > 0) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood');
      else for (const part of parts) socket.write(part);
    };
    expect(await collect(await send())).toEqual({ end: 'complete', text: '{}' });
    expect(await collect(await send())).toEqual({ end: 'complete', text: 'good' });
    expect(sockets).toHaveLength(2);
  });

  it('that the provider has closed meanwhile costs nothing', async () => {
    script.answer = (socket) => {
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
    script.answer = (socket, _request, index) => {
      requests++;
      if (index === 0) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');
      else socket.resetAndDestroy();
    };
    await collect(await send());
    await settled();
    expect(await failure(send())).toBe('reset sent');
    expect(requests).toBe(2);
  });

  it('is not kept longer than the provider says', async () => {
    answerWith('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nkeep-alive: timeout=1\r\n\r\n{}');
    await collect(await send());
    await eventually(() => sockets[0]?.destroyed === true);
    await collect(await send());
    expect(sockets).toHaveLength(2);
  });

  it('is shared when there may be only one, and abandoned waiters go', async () => {
    const single = clientWith({}, 1);
    let open = 0;
    script.answer = (socket) => {
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
    expect(await failure(abandoned)).toBe('aborted unsent');
    expect(await Promise.all(sent)).toEqual(Array(3).fill({ end: 'complete', text: '{}' }));
    expect(sockets).toHaveLength(1);
  });

  it('is waited for no longer than the limit', async () => {
    const single = clientWith({ connectMsMax: 60 }, 1);
    script.answer = () => undefined;
    const first = send(undefined, single);
    expect(await failure(send(undefined, single))).toBe('connect_timeout unsent');
    single.close();
    expect(await failure(first)).toMatch(/^aborted|^reset/);
    expect(await failure(send(undefined, single))).toBe('unreachable unsent');
  });
});

describe('an abort', () => {
  it('cuts the provider off at once, before the head and amid the body', async () => {
    let abort = (): void => undefined;
    const onAbort = (cut: () => void): void => {
      abort = cut;
    };
    script.answer = () => abort();
    expect(await failure(send(undefined, client, onAbort))).toBe('aborted sent');
    await eventually(() => sockets.every((socket) => socket.destroyed));

    answerWith('HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello');
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
    expect(timer.size).toBe(0);
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
      answerWith('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', '6\r\ncanary\r\n0\r\n\r\n');
      const fresh = clientWith();
      const sending = send(bodyOf('{"prompt":"a question"}'), fresh);
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
      script.answer = (socket) => {
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${total}\r\n\r\n`);
        socket.write(Buffer.alloc(total, 'canary'));
      };
      const response = await send(undefined, clientWith());
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
    script.answer = (socket) => {
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
