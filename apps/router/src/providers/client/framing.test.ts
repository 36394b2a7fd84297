import { strict as assert } from 'node:assert';
import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { UpstreamError } from '../types.js';
import { BodyFraming } from './body-framing.js';
import { HeadReader } from './head-reader.js';
import { type Framing, parseResponseHead } from './response-head.js';

const cutAt = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const at = [...new Set(cuts.map((n) => n % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...at, bytes.length].map((to, index) => Buffer.from(bytes.subarray(at[index - 1] ?? 0, to)));
};

/** Reads a whole body; the payload, and the bytes that were not of it. */
const readBody = (framing: Framing, wire: Buffer, cuts: readonly number[]) => {
  const reader = new BodyFraming(framing);
  const payload: Buffer[] = [];
  let rest = 0;
  for (const chunk of cutAt(wire, cuts)) {
    const next = reader.complete ? 0 : reader.read(chunk, 0, chunk.length);
    if (next > 0) payload.push(Buffer.from(chunk.subarray(reader.payloadStart, reader.payloadEnd)));
    rest += chunk.length - next;
  }
  return { payload: Buffer.concat(payload), rest, complete: reader.complete };
};

const codeOf = (act: () => unknown): string => {
  try {
    act();
    return 'ok';
  } catch (error) {
    if (error instanceof UpstreamError) return error.failure;
    throw error;
  }
};

const cuts = fc.array(fc.nat(2_000), { maxLength: 20 });
const bytes = (maxLength: number) =>
  fc.uint8Array({ minLength: 1, maxLength }).map((array) => Buffer.from(array));

describe('BodyFraming', () => {
  it('takes chunked framing off, whatever it is cut at', () => {
    const ornament = fc.constantFrom('', ';a=b', ' ; x="y;z"', '  ');
    const trailers = fc.constantFrom('', 'x-trailer: 1\r\n', 'a: b\r\nc: d\r\n');
    const upper = fc.boolean();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(bytes(300), ornament, upper), { maxLength: 8 }),
        trailers,
        cuts,
        fc.constantFrom('', 'HTTP/1.1 200 OK\r\n'),
        (chunks, trailer, at, after) => {
          const wire = chunks.flatMap(([data, extension, isUpper]) => {
            const size = data.length.toString(16);
            return [
              Buffer.from(`${isUpper ? size.toUpperCase() : size}${extension}\r\n`),
              data,
              Buffer.from('\r\n'),
            ];
          });
          const end = Buffer.from(`0\r\n${trailer}\r\n${after}`);
          const read = readBody({ kind: 'chunked' }, Buffer.concat([...wire, end]), at);
          assert.deepEqual(read.payload, Buffer.concat(chunks.map(([data]) => data)));
          assert.equal(read.complete, true);
          assert.equal(read.rest, after.length);
        },
      ),
      { seed: 5, numRuns: 3_000 },
    );
  });

  it('counts a declared length, and leaves what comes behind it', () => {
    fc.assert(
      fc.property(bytes(500), bytes(50), cuts, (body, after, at) => {
        const read = readBody({ kind: 'length', bytes: body.length }, Buffer.concat([body, after]), at);
        assert.deepEqual(read, { payload: body, rest: after.length, complete: true });
      }),
      { seed: 6, numRuns: 1_000 },
    );
  });

  it('is not complete before its end', () => {
    const wire = Buffer.from('5\r\nhello\r\n0\r\n\r\n');
    for (let length = 0; length < wire.length; length++)
      expect(readBody({ kind: 'chunked' }, wire.subarray(0, length), []).complete).toBe(false);
    expect(readBody({ kind: 'length', bytes: 5 }, Buffer.from('hell'), []).complete).toBe(false);
    expect(readBody({ kind: 'until_close' }, Buffer.from('hell'), []).complete).toBe(false);
    expect(new BodyFraming({ kind: 'length', bytes: 0 }).complete).toBe(true);
  });

  it.each([
    ['no size', '\r\nhello'],
    ['a size that is no number', 'xyz\r\n'],
    ['a sign', '-5\r\nhello'],
    ['a size without end', `${'0'.repeat(13)}\r\n`],
    ['a bare line feed after the size', '5\nhello'],
    ['more data than the size says', '3\r\nhello\r\n'],
    ['less data than the size says', '7\r\nhello\r\n0\r\n\r\n'],
    ['a last chunk that does not end', '0\r\n\rx'],
    ['an endless extension', `5;${'x'.repeat(20_000)}`],
    ['endless trailers', `0\r\n${'a: b\r\n'.repeat(5_000)}`],
  ])('refuses %s', (_, wire) => {
    for (const at of [[], [1], [2, 4], Array.from({ length: wire.length }, (__, index) => index)])
      expect(codeOf(() => readBody({ kind: 'chunked' }, Buffer.from(wire), at))).toBe('malformed');
  });
});

const readHead = (wire: string, at: readonly number[], bytesMax = 64 * 1024) => {
  const reader = new HeadReader(bytesMax);
  let rest = 0;
  for (const chunk of cutAt(Buffer.from(wire, 'latin1'), at)) {
    rest += chunk.length - (reader.head === undefined ? reader.read(chunk, 0, chunk.length) : 0);
  }
  return { head: reader.head, rest };
};

describe('HeadReader', () => {
  const plain = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n';

  it('reads a head over any cut and leaves the body', () => {
    const wire = `HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${plain}{}`;
    const cutsOfAll = Array.from({ length: wire.length }, (_, index) => index);
    for (const at of [[], ...cutsOfAll.map((n) => [n]), cutsOfAll]) {
      const { head, rest } = readHead(wire, at);
      expect(rest).toBe(2);
      expect(head).toEqual({
        status: 200,
        headers: [
          ['content-type', 'application/json'],
          ['content-length', '2'],
        ],
        framing: { kind: 'length', bytes: 2 },
        reusable: true,
        keepAliveMs: undefined,
      });
    }
  });

  it('bounds the head, however it comes', () => {
    const long = `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(2_000)}\r\n\r\n`;
    expect(codeOf(() => readHead(long, [], 1_000))).toBe('head_too_large');
    expect(codeOf(() => readHead(long, [500, 1_000, 1_500], 1_000))).toBe('head_too_large');
    expect(codeOf(() => readHead(long.slice(0, 1_100), [], 1_000))).toBe('head_too_large');
    expect(codeOf(() => readHead(long, [], 3_000))).toBe('ok');
    const hints = 'HTTP/1.1 103 Early Hints\r\n\r\n';
    expect(codeOf(() => readHead(hints.repeat(8) + plain, []))).toBe('ok');
    expect(codeOf(() => readHead(hints.repeat(9) + plain, []))).toBe('malformed');
  });

  it('refuses at once what is no HTTP/1', () => {
    expect(codeOf(() => readHead('SSH-2.0-x', []))).toBe('malformed');
    expect(codeOf(() => readHead('HTTP/2 200', [3]))).toBe('malformed');
  });

  it('overwrites what it has gathered', () => {
    const made: Buffer[] = [];
    const allocate = jest.spyOn(Buffer, 'allocUnsafeSlow').mockImplementation((size) => {
      const buffer = Buffer.alloc(size);
      made.push(buffer);
      return buffer;
    });
    const reader = new HeadReader(1_000);
    const chunks = cutAt(Buffer.from(`${plain}a canary of a body`), [plain.length - 3]);
    for (const chunk of chunks) reader.read(chunk, 0, chunk.length);
    allocate.mockRestore();
    expect(made.some((buffer) => buffer.includes('canary'))).toBe(true);
    reader.wipe();
    expect(made.some((buffer) => buffer.includes('canary'))).toBe(false);
  });
});

describe('parseResponseHead', () => {
  /** Read amid other bytes, as in a read buffer. */
  const parseText = (text: string) => {
    const bytes = Buffer.from(`x${text}\r\n\r\nx`, 'latin1');
    return parseResponseHead(bytes, 1, 1 + text.length);
  };
  const parse = (...lines: readonly string[]) => parseText(['HTTP/1.1 200 OK', ...lines].join('\r\n'));

  it('knows how the body ends and whether the connection can go on', () => {
    expect(parse('transfer-encoding: chunked')).toMatchObject({
      framing: { kind: 'chunked' },
      reusable: true,
    });
    expect(parse()).toMatchObject({ framing: { kind: 'until_close' }, reusable: false });
    expect(parse('content-length: 5', 'connection: close')).toMatchObject({ reusable: false });
    expect(parse('content-length: 5', 'content-length: 5')).toMatchObject({ framing: { bytes: 5 } });
    expect(parse('content-length: 5', 'Keep-Alive: timeout=7, max=9')).toMatchObject({ keepAliveMs: 7_000 });
    expect(parseText('HTTP/1.0 200 OK\r\ncontent-length: 1').reusable).toBe(false);
    expect(parseText('HTTP/1.1 204 No Content').framing).toEqual({ kind: 'length', bytes: 0 });
    expect(parseText('HTTP/1.1 500').status).toBe(500);
  });

  it('drops hop-by-hop headers and cookies', () => {
    const { headers } = parse(
      'Set-Cookie: a=b',
      'Connection: x',
      'Trailer: y',
      'X-Kept:  v  ',
      'content-length: 0',
    );
    expect(headers).toEqual([
      ['x-kept', 'v'],
      ['content-length', '0'],
    ]);
  });

  it.each([
    ['two lengths', ['content-length: 5', 'content-length: 6']],
    ['a length that is no number', ['content-length: 5x']],
    ['a negative length', ['content-length: -5']],
    ['a length beside chunks', ['content-length: 5', 'transfer-encoding: chunked']],
    ['another transfer coding', ['transfer-encoding: gzip, chunked']],
    ['a folded header', ['x: y', ' z']],
    ['a space before the colon', ['x : y']],
    ['no colon', ['nonsense']],
    ['a control character', ['x: a\0b']],
    ['a bare line feed', ['x: a\ny: b']],
  ])('refuses %s', (_, lines) => {
    expect(codeOf(() => parse(...lines))).toBe('malformed');
  });

  it('refuses status lines that are none, and a switch of protocols', () => {
    for (const line of [
      'HTTP/1.1 20 OK',
      'HTTP/1.1  200 OK',
      'HTTP/1.2 200 OK',
      'HTTP/1.1 099 x',
      'HTTP/1.1 101 x',
    ])
      expect(codeOf(() => parseText(line))).toBe('malformed');
  });
});
