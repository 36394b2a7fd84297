import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { truncateString, truncateText } from './truncate-text.js';

const anyText = fc.string({ unit: 'binary', maxLength: 40 });
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

describe('truncateText', () => {
  it('gives the longest start that fits and is valid UTF-8', () => {
    fc.assert(
      fc.property(anyText, fc.nat(200), (text, bytesMax) => {
        const utf8 = Buffer.from(text, 'utf8');
        const kept = truncateText(utf8, bytesMax);
        expect(kept.length).toBeLessThanOrEqual(bytesMax);
        expect(utf8.subarray(0, kept.length)).toEqual(kept);
        const characters = [...strict.decode(kept)];
        const next = [...text][characters.length];
        if (next !== undefined) expect(kept.length + Buffer.byteLength(next)).toBeGreaterThan(bytesMax);
      }),
      { numRuns: 500 },
    );
  });

  it.each(['a', 'é', '€', '😀'])('keeps or drops %s as a whole', (character) => {
    const utf8 = Buffer.from(`ab${character}`, 'utf8');
    for (let bytesMax = 2; bytesMax < utf8.length; bytesMax += 1) {
      expect(truncateText(utf8, bytesMax).toString('utf8')).toBe('ab');
    }
    expect(truncateText(utf8, utf8.length).toString('utf8')).toBe(`ab${character}`);
  });

  it('stays within the limit and near it on bytes that are no UTF-8', () => {
    const continuations = Buffer.alloc(50, 0x80);
    expect(truncateText(continuations, 20)).toHaveLength(17);
    expect(truncateText(continuations, 0)).toHaveLength(0);
    expect(truncateText(continuations, 2)).toHaveLength(0);
  });

  it('cuts nothing that fits', () => {
    const utf8 = Buffer.from('fits');
    expect(truncateText(utf8, 4)).toBe(utf8);
  });
});

describe('truncateString', () => {
  it('agrees with truncateText on well-formed strings', () => {
    fc.assert(
      fc.property(anyText, fc.nat(200), (text, bytesMax) => {
        const expected = truncateText(Buffer.from(text, 'utf8'), bytesMax).toString('utf8');
        expect(truncateString(text, bytesMax)).toBe(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('never leaves half of a surrogate pair', () => {
    for (let bytesMax = 0; bytesMax < 9; bytesMax += 1) {
      expect(truncateString('😀😀', bytesMax)).toBe('😀'.repeat(Math.floor(bytesMax / 4)));
    }
  });
});
