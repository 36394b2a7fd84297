import type { ModelPrice } from './types.js';

/** Tokens of one request. Cached and cache-write tokens are part of tokensInput. */
export interface TokenUsage {
  readonly tokensInput: number;
  readonly tokensOutput: number;
  readonly tokensCached: number;
  readonly tokensCacheWrite: number;
}

const TOKENS_PER_MTOK = 1_000_000n;

/** A count as the provider reported it: negative, fractional or endless ones are not a count and become 0. */
const tokenCount = (value: number): bigint => (Number.isSafeInteger(value) && value > 0 ? BigInt(value) : 0n);

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/**
 * Cost of one request in integer nano-dollars, rounded half up once. Cached tokens beyond the input tokens, and
 * cache-write tokens beyond what is left, are not counted twice.
 */
export const costNanos = (
  price: Pick<
    ModelPrice,
    'inputNanosPerMTok' | 'outputNanosPerMTok' | 'cachedInputNanosPerMTok' | 'cacheWriteNanosPerMTok'
  >,
  usage: TokenUsage,
): bigint => {
  const input = tokenCount(usage.tokensInput);
  const cached = smaller(tokenCount(usage.tokensCached), input);
  const cacheWrite = smaller(tokenCount(usage.tokensCacheWrite), input - cached);
  const scaled =
    (input - cached - cacheWrite) * price.inputNanosPerMTok +
    cached * price.cachedInputNanosPerMTok +
    cacheWrite * price.cacheWriteNanosPerMTok +
    tokenCount(usage.tokensOutput) * price.outputNanosPerMTok;
  return (scaled + TOKENS_PER_MTOK / 2n) / TOKENS_PER_MTOK;
};
