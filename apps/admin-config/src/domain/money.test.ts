import { describe, expect, it } from '@jest/globals';
import { dollarsText, nanoDollars } from './money.js';

describe('money', () => {
  it.each([
    ['0', 0n, '0'],
    ['12', 12_000_000_000n, '12'],
    ['12.50', 12_500_000_000n, '12.5'],
    ['0.000000001', 1n, '0.000000001'],
    ['999999999.999999999', 999_999_999_999_999_999n, '999999999.999999999'],
    ['007', 7_000_000_000n, '7'],
  ])('reads %s as nano-dollars and writes them back', (text, nano, shortest) => {
    expect(nanoDollars(text)).toBe(nano);
    expect(dollarsText(nano)).toBe(shortest);
  });

  it.each(['', '-1', '1e3', '.5', '1.', '1,5', '1.0000000001', '1000000000', ' 1', 'NaN'])(
    'refuses %j',
    (text) => {
      expect(nanoDollars(text)).toBeUndefined();
    },
  );
});
