import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { collect, eventually, ScriptedProvider, splicedBody } from '../../testing/scripted-provider.js';
import type { UpstreamResponse } from '../types.js';

let provider: ScriptedProvider;
beforeEach(async () => {
  provider = await ScriptedProvider.start();
});
afterEach(() => provider.stop());

const text = Array.from({ length: 20_000 }, (_, index) => `${index * 7919} word `).join('');
const answer = async (encoding: string, body: Buffer): Promise<UpstreamResponse> => {
  provider.answerWith(
    `HTTP/1.1 200 OK\r\ncontent-encoding: ${encoding}\r\ncontent-length: ${body.length}\r\n\r\n`,
    body,
  );
  return provider.client().send(provider.target, splicedBody('{}'), 'application/json', () => undefined);
};

describe('an answer that is compressed against our wish', () => {
  it.each([
    ['gzip', gzipSync(text)],
    ['x-gzip', gzipSync(text)],
    ['gzip', gzipSync(text, { level: 0 })],
    ['gzip', Buffer.concat([gzipSync(text.slice(0, 70_000)), gzipSync(text.slice(70_000))])],
    ['deflate', deflateSync(text)],
    ['br', brotliCompressSync(text)],
    ['GZIP', gzipSync(text)],
  ])('with %s is read whole, and no byte more', async (encoding, body) => {
    expect(await collect(await answer(encoding, body))).toEqual({ end: 'complete', text });
  });

  it('is complete when there is nothing in it', async () => {
    expect(await collect(await answer('gzip', gzipSync('')))).toEqual({ end: 'complete', text: '' });
  });

  it('is read no faster than its sink takes it, and what the sink gives back is overwritten', async () => {
    const response = await answer('gzip', gzipSync(text));
    const seen: Buffer[] = [];
    const parts: Buffer[] = [];
    let taking = 0;
    const end = await response.pipe({
      data: (buffer, start, stop) => {
        expect(++taking).toBe(1);
        seen.push(buffer);
        parts.push(Buffer.from(buffer.subarray(start, stop)));
        setTimeout(() => {
          taking--;
          response.release(buffer);
          response.resume();
        }, 5);
        return 'pause';
      },
    });
    expect(end).toBe('complete');
    expect(Buffer.concat(parts).toString() === text).toBe(true);
    expect(seen.length).toBeGreaterThan(3);
    await eventually(() => !seen.some((buffer) => buffer.includes('word')));
  });

  it.each([
    ['gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['br', brotliCompressSync(text)],
  ])('with %s is cut wherever it ends too early, with what came before', async (encoding, body) => {
    for (const missing of [1, 4, 8, 9, 20, 1_000, body.length - 15]) {
      const { end, text: got } = await collect(await answer(encoding, body.subarray(0, -missing)));
      expect(end).toBe('cut');
      expect(text.startsWith(got)).toBe(true);
    }
  });

  it.each(['gzip', 'deflate', 'br'])('with %s is cut when it is broken', async (encoding) => {
    const { end } = await collect(await answer(encoding, Buffer.from('no encoding of anything at all')));
    expect(end).toBe('cut');
  });

  it('is left by an abort, also while its sink pauses, and nothing of it waits on', async () => {
    const response = await answer('gzip', gzipSync(text));
    const seen: Buffer[] = [];
    const end = response.pipe({
      data: (buffer) => {
        seen.push(buffer);
        if (seen.length > 1) throw new Error('taken after a pause');
        return 'pause';
      },
    });
    await eventually(() => seen.length === 1);
    response.abort();
    expect(await end).toBe('aborted');
    for (const buffer of seen) response.release(buffer);
    expect(seen.some((buffer) => buffer.includes('word'))).toBe(false);
  });
});
