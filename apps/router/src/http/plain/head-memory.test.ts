import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HeadMemory } from './head-memory.js';
import { type PlainRequestHead, readPlainRequestHead } from './plain-request-head.js';

const paths = new Map([['/v1/chat/completions', true]]);
const headOf = (length: string, ...headers: readonly string[]): string =>
  [
    'POST /v1/chat/completions HTTP/1.1',
    'Host: x',
    ...headers,
    `Content-Length: ${length}`,
    'X-Last: 1',
    '',
    '',
  ].join('\r\n');
type Read = PlainRequestHead | 'partial' | 'other';
const facts = (read: Read): unknown =>
  typeof read === 'string' ? read : [read.path, read.rawHeaders, read.bodyBytes, read.end];

describe('the last head of a connection', () => {
  it('is known again, with another length and at another place, and its credentials with it', () => {
    const heads = new HeadMemory();
    const first = heads.read(Buffer.from(headOf('5', 'A: b')), 0, 200, paths) as PlainRequestHead;
    first.credentials.keySha256Hex = 'known';
    const text = `xx${headOf('1234', 'A: b')}{"rest"`;
    const again = heads.read(Buffer.from(text), 2, text.length, paths) as PlainRequestHead;
    expect(again.bodyBytes).toBe(1234);
    expect(again.rawHeaders).toEqual(['Host', 'x', 'A', 'b', 'Content-Length', '1234', 'X-Last', '1']);
    expect(text.slice(again.end)).toBe('{"rest"');
    expect(again.credentials).toBe(first.credentials);
    const other = heads.read(Buffer.from(headOf('5', 'A: c')), 0, 200, paths) as PlainRequestHead;
    expect(other.credentials.keySha256Hex).toBeUndefined();
  });

  it('reads what would be read without it, whatever came before', () => {
    const lengths = fc.constantFrom(
      '1',
      '10',
      '007',
      '0',
      '99999999999',
      '',
      '+5',
      '5 ',
      ' 5',
      '5x',
      '12345',
    );
    const mutation = fc.record({
      at: fc.nat(120),
      byte: fc.nat(255),
      isMade: fc.boolean(),
      cut: fc.nat(160),
    });
    fc.assert(
      fc.property(
        lengths,
        lengths,
        mutation,
        fc.nat(5),
        (before, length, { at, byte, isMade, cut }, start) => {
          const heads = new HeadMemory();
          const first = Buffer.from(headOf(before, 'A: b'));
          heads.read(first, 0, first.length, paths);
          const text = Buffer.from(`${' '.repeat(start)}${headOf(length, 'A: b')}{}`);
          if (isMade) text[Math.min(text.length - 1, start + at)] = byte;
          const end = Math.min(text.length, start + cut);
          expect(facts(heads.read(text, start, end, paths))).toEqual(
            facts(readPlainRequestHead(text, start, end, paths)),
          );
        },
      ),
      { seed: 7, numRuns: process.env.LETHE_LONG === '1' ? 100_000 : 3_000 },
    );
  });

  it('is overwritten', () => {
    const heads = new HeadMemory();
    const bytes = Buffer.from(headOf('5', 'A: CANARY'));
    heads.read(bytes, 0, bytes.length, paths);
    heads.wipe();
    expect(heads.read(bytes, 0, 10, paths)).toBe('partial');
  });
});
