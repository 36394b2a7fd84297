import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { costNanos, type TokenUsage } from './cost.js';
import { dollarsPerMTok, priceList } from './price.js';

const price = priceList(
  'simulated',
  null,
)({
  input: '0.15',
  cached: '0.075',
  cacheWrite: '0.1875',
  output: '0.6',
  asOf: '2026-11-21',
});
const none: TokenUsage = { tokensInput: 0, tokensOutput: 0, tokensCached: 0, tokensCacheWrite: 0 };

const tokens = fc.nat({ max: 2_000_000 });
const nanos = fc.nat({ max: 2_000_000_000 }).map(BigInt);
const prices = fc.tuple(nanos, nanos, nanos, nanos).map(([input, output, cached, cacheWrite]) => ({
  inputNanosPerMTok: input,
  outputNanosPerMTok: output,
  cachedInputNanosPerMTok: cached,
  cacheWriteNanosPerMTok: cacheWrite,
}));
const usages = fc.record({
  tokensInput: tokens,
  tokensOutput: tokens,
  tokensCached: tokens,
  tokensCacheWrite: tokens,
});

describe('dollarsPerMTok', () => {
  it('reads list prices without a floating-point number', () => {
    expect(dollarsPerMTok('0.15')).toBe(150_000_000n);
    expect(dollarsPerMTok('0.003625')).toBe(3_625_000n);
    expect(dollarsPerMTok('30')).toBe(30_000_000_000n);
    for (const text of ['', '-1', '1e3', '.5', '1.', '0.0000000001', '1,5']) {
      expect(() => dollarsPerMTok(text)).toThrow(RangeError);
    }
  });
});

describe('costNanos', () => {
  it('computes known bills', () => {
    expect(costNanos(price, none)).toBe(0n);
    expect(costNanos(price, { ...none, tokensInput: 1_000_000 })).toBe(150_000_000n);
    expect(costNanos(price, { ...none, tokensInput: 1000, tokensOutput: 500 })).toBe(450_000n);
    expect(
      costNanos(price, { tokensInput: 1000, tokensCached: 400, tokensCacheWrite: 100, tokensOutput: 10 }),
    ).toBe(500n * 150n + 400n * 75n + 18_750n + 6000n);
  });

  it('rounds half up, once', () => {
    const cheap = { ...price, inputNanosPerMTok: 250_000n, outputNanosPerMTok: 250_000n };
    expect(costNanos(cheap, { ...none, tokensInput: 1 })).toBe(0n);
    expect(costNanos(cheap, { ...none, tokensInput: 2 })).toBe(1n);
    expect(costNanos(cheap, { ...none, tokensInput: 1, tokensOutput: 1 })).toBe(1n);
  });

  it('takes no count that is not one', () => {
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, 1.5, 2 ** 53]) {
      expect(
        costNanos(price, {
          tokensInput: value,
          tokensOutput: value,
          tokensCached: value,
          tokensCacheWrite: value,
        }),
      ).toBe(0n);
    }
  });

  it('is never negative and lies between the cheapest and the dearest input price', () => {
    fc.assert(
      fc.property(prices, usages, (some, usage) => {
        const cost = costNanos(some, usage);
        const inputPrices = [
          some.inputNanosPerMTok,
          some.cachedInputNanosPerMTok,
          some.cacheWriteNanosPerMTok,
        ];
        const least = inputPrices.reduce((a, b) => (a < b ? a : b));
        const most = inputPrices.reduce((a, b) => (a > b ? a : b));
        const flat = (perMTok: bigint): bigint =>
          costNanos(
            { ...some, inputNanosPerMTok: perMTok },
            { ...usage, tokensCached: 0, tokensCacheWrite: 0 },
          );
        return cost >= 0n && cost >= flat(least) && cost <= flat(most);
      }),
    );
  });

  it('grows with input and output tokens', () => {
    fc.assert(
      fc.property(prices, usages, tokens, (some, usage, more) => {
        const cost = costNanos(some, usage);
        return (
          costNanos(some, { ...usage, tokensOutput: usage.tokensOutput + more }) >= cost &&
          costNanos(
            { ...some, cachedInputNanosPerMTok: 0n, cacheWriteNanosPerMTok: 0n },
            { ...usage, tokensInput: usage.tokensInput + usage.tokensCached + usage.tokensCacheWrite + more },
          ) >= costNanos({ ...some, cachedInputNanosPerMTok: 0n, cacheWriteNanosPerMTok: 0n }, usage)
        );
      }),
    );
  });

  it('differs from the sum of its halves by at most one nano-dollar', () => {
    fc.assert(
      fc.property(prices, tokens, tokens, tokens, (some, a, b, output) => {
        const whole = costNanos(some, { ...none, tokensInput: a + b, tokensOutput: output });
        const halves =
          costNanos(some, { ...none, tokensInput: a, tokensOutput: output }) +
          costNanos(some, { ...none, tokensInput: b });
        const difference = whole - halves;
        return difference >= -1n && difference <= 1n;
      }),
    );
  });
});
