import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { piecesOf } from './answers/text-choice.js';
import { randomFrom } from './random.js';
import { countTokens, firstTokens, OutputMeter } from './tokens.js';

const text = fc.string({ unit: 'grapheme', maxLength: 200 });

describe('countTokens', () => {
  it('is one token for every four bytes begun', () => {
    expect(['', 'a', 'abcd', 'abcde', '🌿', 'é🌿'].map(countTokens)).toEqual([0, 1, 1, 2, 1, 2]);
  });
});

describe('firstTokens', () => {
  it('is the longest beginning within the limit', () => {
    fc.assert(
      fc.property(text, fc.nat(60), (whole, tokens) => {
        const first = firstTokens(whole, tokens);
        expect(whole.startsWith(first)).toBe(true);
        expect(countTokens(first)).toBeLessThanOrEqual(tokens);
        const next = String.fromCodePoint(whole.codePointAt(first.length) ?? 0);
        if (first !== whole) expect(Buffer.byteLength(first + next)).toBeGreaterThan(tokens * 4);
      }),
    );
  });
});

describe('pieces of a text', () => {
  it('make it up again and never split a character', () => {
    fc.assert(
      fc.property(text, fc.string(), (whole, seed) => {
        const pieces = [...piecesOf(whole, randomFrom(seed))];
        expect(pieces.join('')).toBe(whole);
        expect(pieces.every((piece) => piece.length >= 1 && piece.length <= 8)).toBe(true);
        const bytes = pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0);
        expect(bytes).toBe(Buffer.byteLength(whole));
      }),
    );
  });
});

describe('OutputMeter', () => {
  it('rounds each part of each choice by itself', () => {
    const meter = new OutputMeter();
    meter.add(0, 'content', 'abcde');
    meter.add(0, 'content', 'f');
    meter.add(1, 'content', 'a');
    meter.add(0, 'reasoning', 'abc');
    expect([meter.completionTokens, meter.reasoningTokens]).toEqual([2 + 1 + 1, 1]);
  });
});

describe('randomFrom', () => {
  it('repeats itself by its parts, and tells where one part ends', () => {
    expect(randomFrom('a', 'b').hex(32)).toBe(randomFrom('a', 'b').hex(32));
    expect(randomFrom('a', 'b').hex(32)).not.toBe(randomFrom('ab', '').hex(32));
    const draws = Array.from(
      { length: 2_000 },
      (
        (random) => () =>
          random.below(5)
      )(randomFrom('spread')),
    );
    expect([0, 1, 2, 3, 4].map((value) => draws.filter((draw) => draw === value).length > 300)).not.toContain(
      false,
    );
  });
});
