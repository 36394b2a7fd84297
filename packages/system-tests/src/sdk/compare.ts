import { expect } from '@jest/globals';
import type { LedgerEntry } from '@lethe/simulated-provider';
import type { RunJson } from '../start-lethe.js';
import { awaitBilled, type BilledRequest, usageSums } from '../support/accounting.js';
import { billSums, ledgerSums, type Sums, settledLedger } from '../support/ledger.js';
import { waitFor } from '../wait-for.js';
import type { Endpoint, Left, Served } from './served.js';

interface Billing {
  readonly run: RunJson;
  readonly token: string;
  /** Nothing of this organization was asked between here and the first response. */
  readonly from: Date;
}

/** The provider's names for endpoints, where they are not telemetry's. */
const routeOf = (endpoint: string): string => (endpoint === 'chat_completions' ? 'chat' : endpoint);

const grouped = <T>(entries: readonly T[], nameOf: (entry: T) => string): Map<string, T[]> => {
  const groups = new Map<string, T[]>();
  for (const entry of entries) groups.set(nameOf(entry), [...(groups.get(nameOf(entry)) ?? []), entry]);
  return groups;
};

/** What telemetry calls the end of an answer. Words that are not here are the same on both sides. */
const FINISH_REASONS: Readonly<Record<string, string>> = {
  '': 'unspecified',
  completed: 'stop',
  max_output_tokens: 'length',
  function_call: 'tool_calls',
  end_turn: 'stop',
  stop_sequence: 'stop',
  max_tokens: 'length',
  tool_use: 'tool_calls',
  refusal: 'content_filter',
};
const finishReasonOf = ({ finishReason }: Served): string => FINISH_REASONS[finishReason] ?? finishReason;

/** Every response is billed exactly once, with what the provider says it served. Resolves to the sums. */
export const expectBilledOnce = async (billing: Billing, served: readonly Served[]): Promise<Sums> => {
  const { run, token, from } = billing;
  const ids = served.map(({ requestId }) => requestId).sort();
  expect(new Set(ids).size).toBe(served.length);
  const rows = await awaitBilled(run, token, { from, count: served.length });
  expect(rows.map(({ request_id }) => request_id).sort()).toEqual(ids);

  const rowOf = new Map(rows.map((row) => [row.request_id, row]));
  for (const response of served) {
    const row = rowOf.get(response.requestId) as BilledRequest;
    expect(row).toMatchObject({
      endpoint: response.endpoint,
      model_used: response.model,
      streaming: response.streaming,
      finish_reason: finishReasonOf(response),
      outcome: 'success',
      usage_source: 'provider',
      priced: true,
    });
    if (response.usage !== null)
      expect([row.tokens_input, row.tokens_output]).toEqual([response.usage.input, response.usage.output]);
  }
  return expectSumsOfLedger(billing, rows);
};

const expectSumsOfLedger = async (
  { run, token, from }: Billing,
  rows: readonly BilledRequest[],
): Promise<Sums> => {
  const ledger = await settledLedger(run);
  const billed = grouped(rows, (row) => `${routeOf(row.endpoint)} ${row.model_used}`);
  const served = grouped(ledger, ({ route, model }) => `${route} sim/${model}`);
  expect([...billed.keys()].sort()).toEqual([...served.keys()].sort());
  for (const [name, entries] of served)
    expect([name, billSums(billed.get(name) ?? [])]).toEqual([name, ledgerSums(entries)]);

  const sums = ledgerSums(ledger);
  const usage = await usageSums(run, token, from);
  expect(usage).toEqual({
    total_requests: BigInt(sums.requests),
    input_tokens: BigInt(sums.tokensInput),
    output_tokens: BigInt(sums.tokensOutput),
    spend_nanos: sums.costNanos,
    cost_provider_nanos: sums.costNanos,
  });
  return sums;
};

/** How far an estimate may lie from what the provider says it had served when the stream was left. */
export const ESTIMATE_ERROR_MAX = { input: 0.5, output: 0.35 } as const;
/** A router cannot know of chunks that were on the way to it when it hung up. */
const TOKENS_ON_THE_WAY = 4;

export interface EstimateError {
  readonly input: number;
  readonly output: number;
}

/** Each left stream is one record, estimated within the stated error. Resolves to the largest error seen, by endpoint. */
export const expectEstimates = async (
  { run, token, from }: Billing,
  left: readonly Left[],
): Promise<Map<Endpoint, EstimateError>> => {
  const ids = left.map(({ requestId }) => requestId).sort();
  const rows = await awaitBilled(run, token, { from, count: left.length });
  expect(rows.map(({ request_id }) => request_id).sort()).toEqual(ids);
  for (const row of rows)
    expect([row.outcome, row.usage_source, row.priced]).toEqual(['client_aborted', 'estimated', true]);

  const ledger = await waitFor(async () => {
    const entries = await settledLedger(run);
    return entries.length >= left.length && entries;
  });
  expect(ledger.map(({ aborted, completed }) => [aborted, completed])).toEqual(left.map(() => [true, false]));
  const billed = grouped(rows, ({ endpoint }) => endpoint);
  const served = grouped(ledger, ({ route }) => route);
  const errors = new Map<Endpoint, EstimateError>();
  for (const [endpoint, streams] of grouped(left, (stream) => stream.endpoint)) {
    const [billedHere, servedHere] = [billed.get(endpoint) ?? [], served.get(routeOf(endpoint)) ?? []];
    expect([endpoint, billedHere.length, servedHere.length]).toEqual([
      endpoint,
      streams.length,
      streams.length,
    ]);
    errors.set(endpoint as Endpoint, worstError(billedHere, servedHere));
  }
  return errors;
};

/** Streams are matched by how far they came: all ask the same, so the order of their lengths is the same on both sides. */
const worstError = (rows: readonly BilledRequest[], ledger: readonly LedgerEntry[]): EstimateError => {
  const billed = [...rows].sort((a, b) => a.tokens_output - b.tokens_output);
  const served = [...ledger].sort((a, b) => a.completionTokens - b.completionTokens);
  const worst = { input: 0, output: 0 };
  for (const [index, row] of billed.entries()) {
    const entry = served[index] as LedgerEntry;
    const input = Math.abs(row.tokens_input - entry.promptTokens) / entry.promptTokens;
    const off = Math.abs(row.tokens_output - entry.completionTokens);
    const output = Math.max(0, off - TOKENS_ON_THE_WAY) / entry.completionTokens;
    expect([input, output, row.tokens_output > 0]).toEqual([
      Math.min(input, ESTIMATE_ERROR_MAX.input),
      Math.min(output, ESTIMATE_ERROR_MAX.output),
      true,
    ]);
    worst.input = Math.max(worst.input, input);
    worst.output = Math.max(worst.output, output);
  }
  return worst;
};
