import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ProviderClient } from '../providers/types.js';
import { eventually, ScriptedProvider, splicedBody } from '../testing/scripted-provider.js';
import { type RelayOptions, type RelayResult, relay } from './relay.js';

type Settings = Omit<RelayOptions, 'upstream' | 'res' | 'taps' | 'onFirstByte'>;
const plain: Settings = { headers: [['x-lethe-request-id', 'r']], streaming: false, removeUsageEvent: false };
const stream: Settings = { ...plain, streaming: true };

let provider: ScriptedProvider;
let client: ProviderClient;
let settings: Settings;
let server: Server;
let results: RelayResult[];
let tapped: Buffer[];
let firstBytes: number;
let relaying = 0;
let cutUpstream = (): void => undefined;

beforeAll(async () => {
  server = createServer(async (_incoming, res) => {
    const upstream = await client.send(provider.target, splicedBody('{}'), 'application/json', (cut) => {
      cutUpstream = cut;
    });
    relaying++;
    const result = await relay({
      ...settings,
      upstream,
      res,
      taps: [(buffer, start, end) => tapped.push(Buffer.from(buffer.subarray(start, end)))],
      onFirstByte: () => {
        firstBytes++;
      },
    });
    relaying--;
    results.push(result);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(async () => {
  provider = await ScriptedProvider.start();
  client = provider.client();
  settings = plain;
  results = [];
  tapped = [];
  firstBytes = 0;
});
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  provider.stop();
  await eventually(() => relaying === 0);
});

interface Caller {
  readonly socket: Socket;
  /** Everything received so far. */
  readonly text: () => string;
  readonly closed: () => boolean;
}
const call = (request = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n'): Caller => {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(socket);
  const parts: Buffer[] = [];
  let isClosed = false;
  socket.on('error', () => undefined);
  socket.on('data', (chunk) => parts.push(chunk));
  socket.on('close', () => {
    isClosed = true;
  });
  socket.write(request);
  return { socket, text: () => Buffer.concat(parts).toString('latin1'), closed: () => isClosed };
};
const headOf = (text: string): string => text.slice(0, text.indexOf('\r\n\r\n')).toLowerCase();
/** The body of a response, chunked framing removed. */
const bodyOf = (text: string): string => {
  const body = text.slice(text.indexOf('\r\n\r\n') + 4);
  if (!headOf(text).includes('transfer-encoding: chunked')) return body;
  let payload = '';
  for (let rest = body; ; ) {
    const size = /^([0-9a-f]+)\r\n/.exec(rest);
    if (size === null || size[1] === '0') return payload;
    const start = size[0].length;
    const end = start + Number.parseInt(size[1] as string, 16);
    payload += rest.slice(start, end);
    rest = rest.slice(end + 2);
  }
};
const isEnded = (text: string): boolean => text.endsWith('0\r\n\r\n');
const json = (body: string | Buffer, headers = ''): Buffer =>
  Buffer.concat([
    Buffer.from(
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${headers}content-length: ${body.length}\r\n\r\n`,
    ),
    Buffer.from(body),
  ]);
const eventStream =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const lastChunk = '0\r\n\r\n';

const contentEvent = 'data: {"choices":[{"delta":{"content":"hi"}}]}\n\n';
const usageEvent = 'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n';
const endEvent = 'data: [DONE]\n\n';

describe('a whole body', () => {
  it('comes through with the headers that pass and ours', async () => {
    provider.answerWith(
      json(
        '{"choices":[]}',
        'Set-Cookie: a=b\r\nX-RateLimit-Limit-Requests: 5\r\nRetry-After: 2\r\nopenai-processing-ms: 7\r\n' +
          'request-id: p\r\nx-request-id: q\r\nanthropic-ratelimit-requests-limit: 3\r\n' +
          'openai-organization: secret\r\nserver: x\r\nx-lethe-request-id: forged\r\n',
      ),
    );
    const caller = call();
    await eventually(() => results.length > 0);
    await eventually(() => caller.text().endsWith('}'));
    expect(bodyOf(caller.text())).toBe('{"choices":[]}');
    const head = headOf(caller.text());
    for (const line of [
      'content-length: 14',
      'x-ratelimit-limit-requests: 5',
      'retry-after: 2',
      'openai-processing-ms: 7',
      '\nrequest-id: p',
      'x-request-id: q',
      'anthropic-ratelimit-requests-limit: 3',
    ])
      expect(head).toContain(line);
    expect(head).toContain('content-type: application/json');
    expect(head.match(/x-lethe-request-id: .*/g)).toEqual(['x-lethe-request-id: r']);
    for (const gone of ['set-cookie', 'openai-organization', 'server:']) expect(head).not.toContain(gone);
    expect(results).toEqual([{ ended: 'complete' }]);
    expect(Buffer.concat(tapped).toString()).toBe('{"choices":[]}');
    expect(firstBytes).toBe(1);
  });

  it('that the provider cuts is broken off, not ended', async () => {
    provider.answer = (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{"half');
    const caller = call();
    await eventually(caller.closed);
    expect(bodyOf(caller.text())).toBe('{"half');
    expect(results).toEqual([{ ended: 'cut' }]);
    provider.answer = (socket) =>
      socket.end(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunk('{"half')}`);
    const second = call();
    await eventually(second.closed);
    expect(bodyOf(second.text())).toBe('{"half');
    expect(isEnded(second.text())).toBe(false);
  });

  it('of which nothing came becomes an error', async () => {
    provider.answer = (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n');
    const caller = call();
    await eventually(() => results.length > 0);
    await eventually(() => caller.text().endsWith('}'));
    expect(headOf(caller.text())).toContain('http/1.1 502');
    expect(JSON.parse(bodyOf(caller.text()))).toMatchObject({
      error: { code: 'stream_cut', origin: 'provider' },
    });
    expect(results).toEqual([{ ended: 'cut' }]);
  });

  it('waits with its last bytes when it must', async () => {
    let allow = (): void => undefined;
    settings = {
      ...plain,
      beforeEnd: () =>
        new Promise((resolve) => {
          allow = resolve;
        }),
    };
    provider.answerWith('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234', '56789');
    const caller = call();
    await eventually(() => bodyOf(caller.text()) === '01234');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(bodyOf(caller.text())).toBe('01234');
    expect(results).toEqual([]);
    allow();
    await eventually(() => bodyOf(caller.text()) === '0123456789');
    await eventually(() => results[0]?.ended === 'complete');
  });

  it('is never completed when what it waits for fails', async () => {
    settings = { ...plain, beforeEnd: () => Promise.reject(new Error('not stored')) };
    provider.answerWith('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234', '56789');
    const caller = call();
    await eventually(caller.closed);
    expect(bodyOf(caller.text())).toBe('01234');
    expect(results).toEqual([{ ended: 'cut' }]);
  });
});

describe('a stream', () => {
  it('loses the usage event that only the router wanted, which is metered all the same', async () => {
    settings = { ...stream, removeUsageEvent: true };
    provider.answerWith(
      eventStream,
      chunk(contentEvent),
      chunk(contentEvent + usageEvent + endEvent),
      lastChunk,
    );
    const caller = call();
    await eventually(() => isEnded(caller.text()));
    expect(bodyOf(caller.text())).toBe(contentEvent.repeat(2) + endEvent);
    expect(Buffer.concat(tapped).toString()).toBe(contentEvent.repeat(2) + usageEvent + endEvent);
    expect(results).toEqual([{ ended: 'complete' }]);
    expect(headOf(caller.text())).not.toContain('content-length');
  });

  it('keeps it when the caller wanted it', async () => {
    settings = stream;
    provider.answerWith(eventStream, chunk(contentEvent + usageEvent + endEvent), lastChunk);
    const caller = call();
    await eventually(() => isEnded(caller.text()));
    expect(bodyOf(caller.text())).toBe(contentEvent + usageEvent + endEvent);
  });

  it('begins for the caller before its first event', async () => {
    settings = stream;
    provider.answerWith(eventStream);
    const caller = call();
    await eventually(() => caller.text().includes('\r\n\r\n'));
    expect(headOf(caller.text())).toContain('content-type: text/event-stream');
    expect(firstBytes).toBe(0);
  });

  it('that the provider cuts ends with an error event, and is broken off', async () => {
    settings = stream;
    provider.answer = (socket) => socket.end(eventStream + chunk(`${contentEvent}data: {"half`));
    const caller = call();
    await eventually(caller.closed);
    expect(isEnded(caller.text())).toBe(false);
    const [before, error] = bodyOf(caller.text()).split('data: {"error"') as [string, string];
    expect(before).toBe(contentEvent);
    expect(JSON.parse(`{"error"${error}`)).toMatchObject({ error: { code: 'stream_cut', type: 'provider' } });
    expect(results).toEqual([{ ended: 'cut' }]);
  });

  it('waits with its end, and with nothing else', async () => {
    let allow = (): void => undefined;
    settings = {
      ...stream,
      removeUsageEvent: true,
      beforeEnd: () =>
        new Promise((resolve) => {
          allow = resolve;
        }),
    };
    provider.answerWith(
      eventStream,
      chunk(contentEvent),
      chunk(contentEvent + usageEvent + endEvent),
      lastChunk,
    );
    const caller = call();
    await eventually(() => bodyOf(caller.text()) === contentEvent.repeat(2));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(bodyOf(caller.text())).toBe(contentEvent.repeat(2));
    allow();
    await eventually(() => isEnded(caller.text()));
    expect(bodyOf(caller.text())).toBe(contentEvent.repeat(2) + endEvent);
  });
});

describe('the caller', () => {
  it('cuts the provider off by leaving', async () => {
    settings = stream;
    provider.answerWith(eventStream, chunk(contentEvent));
    const caller = call();
    await eventually(() => bodyOf(caller.text()) === contentEvent);
    caller.socket.destroy();
    await eventually(() => results.length > 0);
    expect(results).toEqual([{ ended: 'client_aborted' }]);
    await eventually(() => provider.sockets.every((socket) => socket.destroyed));
  });

  it('is not told that the provider cut what was cut on its own behalf', async () => {
    settings = stream;
    provider.answerWith(eventStream, chunk(contentEvent));
    const caller = call();
    await eventually(() => bodyOf(caller.text()) === contentEvent);
    cutUpstream();
    await eventually(() => results.length > 0);
    expect(results).toEqual([{ ended: 'client_aborted' }]);
    expect(bodyOf(caller.text())).toBe(contentEvent);
  });

  it('that reads slowly slows the provider, gets everything, and leaves nothing behind', async () => {
    const made: Buffer[] = [];
    const original = Buffer.allocUnsafeSlow.bind(Buffer);
    const spy = jest.spyOn(Buffer, 'allocUnsafeSlow').mockImplementation((size) => {
      const buffer = original(size).fill(0);
      made.push(buffer);
      return buffer;
    });
    const total = 30_000_000;
    let sentAll = false;
    provider.answer = (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${total}\r\n\r\n`);
      socket.write(Buffer.alloc(total, 'canary'), () => {
        sentAll = true;
      });
    };
    client = provider.client();
    const caller = call();
    caller.socket.pause();
    await eventually(() => firstBytes > 0);
    // The positive control: what waits for the caller is in memory.
    await eventually(() => made.some((buffer) => buffer.includes('canary')));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(sentAll).toBe(false);
    expect(made.length).toBeLessThan(20);
    let received = 0;
    caller.socket.removeAllListeners('data');
    caller.socket.on('data', (bytes) => {
      received += bytes.length;
    });
    caller.socket.resume();
    await eventually(() => results.length > 0);
    await eventually(() => received >= total);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(made.some((buffer) => buffer.includes('canary'))).toBe(false);
    spy.mockRestore();
  });

  it('that stops reading is left after a while', async () => {
    settings = { ...plain, stallMsMax: 150 };
    provider.answer = (socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 50000000\r\n\r\n');
      socket.write(Buffer.alloc(50_000_000));
    };
    const caller = call();
    caller.socket.pause();
    await eventually(() => results.length > 0);
    expect(results).toEqual([{ ended: 'client_aborted' }]);
    await eventually(() => provider.sockets.every((socket) => socket.destroyed));
  });

  it('that pipelines gets its answers in order', async () => {
    let count = 0;
    provider.answer = (socket) => {
      const mine = count++;
      setTimeout(() => socket.write(json(`{"n":${mine}}`)), mine === 0 ? 80 : 0);
    };
    const caller = call('GET / HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(5));
    await eventually(() => results.length === 5);
    await eventually(() => caller.text().includes('{"n":4}'));
    const order = [...caller.text().matchAll(/\{"n":(\d)\}/g)].map(([, n]) => Number(n));
    expect(order).toEqual([0, 1, 2, 3, 4]);
  });

  it('of HTTP/1.0 gets a body that ends with the connection', async () => {
    settings = stream;
    provider.answerWith(eventStream, chunk(contentEvent), chunk(endEvent), lastChunk);
    const caller = call('GET / HTTP/1.0\r\n\r\n');
    await eventually(caller.closed);
    expect(caller.text().split('\r\n\r\n')[1]).toBe(contentEvent + endEvent);
  });
});

const recordings = join(
  process.env.LETHE_FIXTURES ??
    join(dirname(fileURLToPath(import.meta.url)), '../../../../../shared/fixtures'),
  'provider-recordings',
);
const files = existsSync(recordings)
  ? ['openai-chat', 'openai-compatible-chat', 'groq', 'xai', 'deepseek-chat', 'mistral'].flatMap((folder) =>
      readdirSync(join(recordings, folder)).map((name) => join(folder, name)),
    )
  : [];
if (files.length === 0) process.stdout.write('relay: NO PROVIDER RECORDINGS FOUND, they were not tried\n');
const testRecording = (file: string): void => {
  it('comes through byte for byte', async () => {
    const raw = readFileSync(join(recordings, file), 'utf8');
    const isStream = file.endsWith('.chunks.txt');
    const lines = raw.split('\n').filter((line) => line !== '');
    const events = [...lines.map((line) => `data: ${line}\n\n`), endEvent];
    settings = { ...plain, streaming: isStream, removeUsageEvent: isStream };
    // Framed without regard to the events, as a network does it.
    const wire = isStream ? (events.join('').match(/[\s\S]{1,1000}/g) ?? []) : [];
    provider.answer = (socket) =>
      socket.write(isStream ? eventStream + wire.map(chunk).join('') + lastChunk : json(Buffer.from(raw)));
    const caller = call();
    await eventually(() => results.length > 0);
    const text = (): string => Buffer.from(bodyOf(caller.text()), 'latin1').toString();
    const kept = events.filter((event) => !(event.includes('"choices":[]') && event.includes('"usage":{')));
    const expected = isStream ? kept.join('') : raw;
    await eventually(() => text().length >= expected.length);
    expect(text() === expected).toBe(true);
  });
};
if (files.length > 0) describe.each(files)('the recording %s', testRecording);
