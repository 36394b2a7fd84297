import type { ModelPrice } from './types.js';

/** Turns a list price in dollars per million tokens, as decimal text, into nano-dollars. Throws on any other text. */
export const dollarsPerMTok = (dollars: string): bigint => {
  const parts = /^(\d{1,5})(?:\.(\d{1,9}))?$/.exec(dollars);
  if (parts?.[1] === undefined) throw new RangeError('not a list price');
  return BigInt(parts[1]) * 1_000_000_000n + BigInt((parts[2] ?? '').padEnd(9, '0'));
};

export interface ListPrice {
  readonly input: string;
  readonly output: string;
  readonly cached?: string;
  readonly cacheWrite?: string;
  readonly asOf: string;
  readonly source?: string;
  readonly readFrom?: string | null;
}

/**
 * A price list of one provider. Without a price of its own, a cached or cache-write token costs what an input token
 * costs, so that a missing line is never a discount.
 */
export const priceList =
  (source: string, readFrom: string | null) =>
  (line: ListPrice): ModelPrice => ({
    inputNanosPerMTok: dollarsPerMTok(line.input),
    outputNanosPerMTok: dollarsPerMTok(line.output),
    cachedInputNanosPerMTok: dollarsPerMTok(line.cached ?? line.input),
    cacheWriteNanosPerMTok: dollarsPerMTok(line.cacheWrite ?? line.input),
    source: line.source ?? source,
    readFrom: line.readFrom === undefined ? readFrom : line.readFrom,
    asOf: line.asOf,
  });
