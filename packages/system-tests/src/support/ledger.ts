import type { LedgerEntry } from '@lethe/simulated-provider';
import type { RunJson } from '../start-lethe.js';
import { waitFor } from '../wait-for.js';
import { getJson, http } from './http.js';

const PROVIDER_PORT_OFFSET = 10;
/** Nano-dollars for a token of every simulated model, by list: 0.5, 0.05, 0.625 and 1.5 dollars a million. */
const NANOS = { input: 500n, cached: 50n, cacheWrite: 625n, output: 1_500n } as const;

export interface Sums {
  readonly requests: number;
  readonly tokensInput: number;
  readonly tokensOutput: number;
  readonly costNanos: bigint;
}

/** Where the simulated provider of a run listens. */
export const providerOf = ({ router }: RunJson): string => {
  const url = new URL(router);
  url.port = String(Number(url.port) + PROVIDER_PORT_OFFSET);
  return url.origin;
};

export const clearLedger = async (run: RunJson): Promise<void> => {
  await http(`${providerOf(run)}/__ledger`, { method: 'DELETE' });
};

/** What the provider says it served, oldest first, once nothing is being served any more. */
export const settledLedger = (run: RunJson, withinMs = 10_000): Promise<LedgerEntry[]> =>
  waitFor(async () => {
    const { data } = await getJson<{ data: LedgerEntry[] }>(`${providerOf(run)}/__ledger`, '');
    return data.every(({ open }) => !open) && data;
  }, withinMs);

/** What an entry costs by the price list, worked out here and not by the catalogue. */
export const costOf = (entry: LedgerEntry): bigint => {
  const [prompt, cached, cacheWrite] = [entry.promptTokens, entry.cachedTokens, entry.cacheWriteTokens].map(
    BigInt,
  ) as [bigint, bigint, bigint];
  return (
    (prompt - cached - cacheWrite) * NANOS.input +
    cached * NANOS.cached +
    cacheWrite * NANOS.cacheWrite +
    BigInt(entry.completionTokens) * NANOS.output
  );
};

export const ledgerSums = (entries: readonly LedgerEntry[]): Sums => ({
  requests: entries.length,
  tokensInput: entries.reduce((sum, { promptTokens }) => sum + promptTokens, 0),
  tokensOutput: entries.reduce((sum, { completionTokens }) => sum + completionTokens, 0),
  costNanos: entries.reduce((sum, entry) => sum + costOf(entry), 0n),
});

export const billSums = (
  rows: readonly { tokens_input: number; tokens_output: number; cost_provider_nanos: string }[],
): Sums => ({
  requests: rows.length,
  tokensInput: rows.reduce((sum, { tokens_input }) => sum + tokens_input, 0),
  tokensOutput: rows.reduce((sum, { tokens_output }) => sum + tokens_output, 0),
  costNanos: rows.reduce((sum, { cost_provider_nanos }) => sum + BigInt(cost_provider_nanos), 0n),
});
