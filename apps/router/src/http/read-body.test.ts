import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { JsonScanner, knownNames } from '@lethe/json-scanner';
import { CoarseTimer, LetheError } from '@lethe/service-kit';
import { reportBodyFault } from './body-faults.js';
import { readBody } from './read-body.js';
import type { BodyLimits, RequestBody } from './types.js';

const names = knownNames(['model', 'messages']);
const generous: BodyLimits = {
  bodyBytesMax: 100_000,
  nestingMax: 64,
  topLevelFieldsMax: 64,
  uploadMsMax: 10_000,
  uploadIdleMsMax: 10_000,
};
const json = (bytes: number): Buffer =>
  Buffer.from(`{"model":"m","messages":["${'x'.repeat(Math.max(0, bytes - 29))}"]}`);

type Outcome = RequestBody<'model' | 'messages'> | LetheError;

const timer = new CoarseTimer(10);
let server: Server;
let limits: BodyLimits;
let outcome: Promise<Outcome>;
let settle: (outcome: Outcome) => void;
let current: IncomingMessage;
let received: Buffer[];
let scanned: Buffer[];
const originalFeed = JsonScanner.prototype.feed;

beforeAll(async () => {
  JsonScanner.prototype.feed = function feed(chunk) {
    scanned.push(chunk);
    originalFeed.call(this, chunk);
  };
  server = createServer((incoming) => {
    current = incoming;
    incoming.prependListener('data', (chunk: Buffer) => received.push(chunk));
    readBody(incoming, { names, limits, timer }).then(settle, (error: LetheError) => settle(error));
  });
  server.on('clientError', (error: NodeJS.ErrnoException) => {
    if (error.code === 'HPE_INVALID_CHUNK_SIZE') reportBodyFault(current, 'caller.malformed_json');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  JsonScanner.prototype.feed = originalFeed;
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  limits = generous;
  received = [];
  scanned = [];
  outcome = new Promise((resolve) => {
    settle = resolve;
  });
});

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
const send = (...parts: readonly (string | Buffer)[]): Socket => {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined);
  sockets.push(socket);
  for (const part of parts) socket.write(part);
  return socket;
};
const post = (body: Buffer, headers = ''): Socket =>
  send(`POST / HTTP/1.1\r\nhost: x\r\n${headers}content-length: ${body.length}\r\n\r\n`, body);
const chunkedHead = 'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n';
const chunk = (bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);

const isZero = (buffers: readonly Buffer[]): boolean => buffers.every((b) => b.every((byte) => byte === 0));
const bodyText = ({ chunks }: RequestBody): string => Buffer.concat(chunks as Buffer[]).toString();
const whole = async (): Promise<RequestBody<'model' | 'messages'>> => {
  const result = await outcome;
  if (result instanceof LetheError) throw result;
  return result;
};
const refusal = async (): Promise<string> => {
  const result = await outcome;
  return result instanceof LetheError ? `${result.code} ${result.param}` : 'a body';
};

describe('readBody', () => {
  it('reads a body with a length, and one in chunks, byte for byte', async () => {
    const body = json(90_000);
    post(body);
    const read = await whole();
    expect(bodyText(read)).toBe(body.toString());
    expect(read.bytesTotal).toBe(body.length);
    expect(read.readString('model', 10)).toBe('m');
    expect(isZero(received)).toBe(false);
    read.wipe();
    expect(isZero([...received, ...read.chunks])).toBe(true);
  });

  it('reads a chunked body of one byte a chunk', async () => {
    const body = json(3_000);
    send(chunkedHead, ...Array.from(body, (byte) => chunk(Buffer.of(byte))), '0\r\n\r\n');
    const read = await whole();
    expect(bodyText(read)).toBe(body.toString());
    expect(received.length).toBe(body.length);
    read.wipe();
    expect(isZero([...received, ...read.chunks])).toBe(true);
  });

  it.each([
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync],
    ['br', brotliCompressSync],
    ['identity', (b: Buffer) => b],
  ])('decodes %s', async (encoding, encode) => {
    const body = json(80_000);
    post(encode(body), `content-encoding: ${encoding}\r\n`);
    const read = await whole();
    expect(bodyText(read)).toBe(body.toString());
    read.wipe();
    expect(isZero([...received, ...scanned])).toBe(true);
  });

  it('refuses encodings that it cannot decode, and bodies that do not decode', async () => {
    post(gzipSync(json(100)), 'content-encoding: zstd\r\n');
    expect(await refusal()).toBe('caller.unsupported_encoding null');
  });

  it('refuses two encodings on top of one another', async () => {
    post(gzipSync(gzipSync(json(100))), 'content-encoding: gzip, gzip\r\n');
    expect(await refusal()).toBe('caller.unsupported_encoding null');
  });

  it.each([
    ['not encoded', json(100)],
    ['truncated', gzipSync(json(5_000)).subarray(0, -20)],
  ])('refuses a gzip body that is %s', async (_, body) => {
    post(body, 'content-encoding: gzip\r\n');
    expect(await refusal()).toBe('caller.invalid_encoding null');
    expect(isZero([...received, ...scanned])).toBe(true);
  });

  it('stops decoding at the limit, however small the encoded body is', async () => {
    const bomb = gzipSync(json(50_000_000));
    expect(bomb.length).toBeLessThan(limits.bodyBytesMax);
    post(bomb, 'content-encoding: gzip\r\n');
    expect(await refusal()).toBe('caller.body_too_large null');
    expect(scanned.reduce((sum, { length }) => sum + length, 0)).toBeLessThanOrEqual(limits.bodyBytesMax);
    expect(isZero([...received, ...scanned])).toBe(true);
  });

  it('refuses a declared length over the limit before any of the body came', async () => {
    send(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${limits.bodyBytesMax + 1}\r\n\r\n`);
    expect(await refusal()).toBe('caller.body_too_large null');
    expect(received).toEqual([]);
  });

  it('accepts exactly the limit, refuses one byte more, even undeclared', async () => {
    const body = json(limits.bodyBytesMax);
    expect(body.length).toBe(limits.bodyBytesMax);
    send(chunkedHead, chunk(body), '0\r\n\r\n');
    expect((await whole()).bytesTotal).toBe(limits.bodyBytesMax);
  });

  it('refuses one byte more than the limit when no length was declared', async () => {
    send(chunkedHead, chunk(json(limits.bodyBytesMax + 1)), '0\r\n\r\n');
    expect(await refusal()).toBe('caller.body_too_large null');
    expect(isZero([...received, ...scanned])).toBe(true);
  });

  it.each([
    ['no body', Buffer.alloc(0), 'caller.empty_body null'],
    ['half a document', Buffer.from('{"model":"a canary"'), 'caller.malformed_json null'],
    ['a fault in a field', Buffer.from('{"messages":[a canary]}'), 'caller.malformed_json messages'],
    ['a field twice', Buffer.from('{"model":"a","model":"b"}'), 'caller.duplicate_field model'],
  ])('refuses %s and overwrites what arrived', async (_, body, expected) => {
    post(body);
    expect(await refusal()).toBe(expected);
    expect(isZero([...received, ...scanned])).toBe(true);
  });

  it('overwrites what arrives after a refusal, too', async () => {
    const socket = send(chunkedHead, chunk(Buffer.from('{"model":x')));
    expect(await refusal()).toBe('caller.malformed_json model');
    socket.write(chunk(Buffer.from('a canary that comes late')));
    while (received.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(isZero(received)).toBe(true);
  });

  it('notices a client that leaves in the middle', async () => {
    const socket = send('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{"model":');
    while (received.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.resetAndDestroy();
    expect(await refusal()).toBe('caller.aborted null');
    expect(isZero([...received, ...scanned])).toBe(true);
  });

  it('hears of broken chunked framing from the server', async () => {
    send(chunkedHead, chunk(Buffer.from('{"model":')), 'zz\r\n');
    expect(await refusal()).toBe('caller.malformed_json null');
    expect(isZero([...received, ...scanned])).toBe(true);
  });

  it('times out a pause', async () => {
    limits = { ...generous, uploadIdleMsMax: 60 };
    send('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{"model":');
    expect(await refusal()).toBe('caller.timeout null');
    expect(isZero([...received, ...scanned])).toBe(true);
  });

  it('times out an upload that drips', async () => {
    limits = { ...generous, uploadMsMax: 150 };
    const socket = send('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10000\r\n\r\n{"model":"');
    const drip = setInterval(() => socket.write('x'), 10);
    expect(await refusal()).toBe('caller.timeout null');
    clearInterval(drip);
    expect(received.length).toBeGreaterThan(3);
  });

  it('keeps no deadline when it is done', () => {
    expect(timer.size).toBe(0);
  });
});
