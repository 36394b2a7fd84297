import type { RunJson, RunOrganization } from '../start-lethe.js';
import { waitFor } from '../wait-for.js';
import { getJson } from './http.js';

/** What tests read of one row of GET /v1/requests. */
export interface BilledRequest {
  readonly request_id: string;
  readonly api_key_id: string | null;
  readonly endpoint: string;
  readonly model_requested: string;
  readonly model_used: string;
  readonly streaming: boolean;
  readonly outcome: string;
  readonly status_code: number;
  readonly finish_reason: string;
  readonly error_type: string;
  readonly failure_point: string;
  readonly tokens_input: number;
  readonly tokens_output: number;
  readonly tokens_cached: number;
  readonly tokens_cache_write: number;
  readonly tokens_reasoning: number;
  readonly usage_source: string;
  readonly fields_dropped: number;
  readonly priced: boolean;
  readonly cost_provider_nanos: string;
  readonly user_id: string;
  readonly trace_id: string;
  readonly tags: readonly string[];
  readonly extras: Readonly<Record<string, string>>;
  readonly retention_decision: string;
  readonly retention_reason: string;
}

export interface OpenedRequest {
  readonly telemetry: BilledRequest;
  readonly payload: null | {
    readonly messages: readonly unknown[];
    readonly choices: readonly unknown[];
    readonly tools: readonly unknown[];
    readonly truncated: boolean;
  };
  readonly raw_request: null | { readonly bytes: number; readonly href: string };
}

export interface UsageSums {
  readonly total_requests: number;
  readonly input_tokens: number;
  readonly output_tokens: number;
  /** What the organization is charged. */
  readonly spend_nanos: string;
  /** What the providers charge. */
  readonly cost_provider_nanos: string;
}

type Page = { readonly data: readonly BilledRequest[]; readonly next_cursor: string | null };

export const organizationOf = (run: RunJson, slug: string): RunOrganization => {
  const found = run.organizations.find((organization) => organization.slug === slug);
  if (found === undefined) throw new Error(`there is no organization ${slug}`);
  return found;
};

/** Every row that a token may read, newest first; `from` is included. */
export const billedRequests = async (
  run: RunJson,
  token: string,
  from: Date | undefined = undefined,
): Promise<BilledRequest[]> => {
  const rows: BilledRequest[] = [];
  let cursor: string | null = null;
  do {
    const query: string = [
      'limit=200',
      ...(from === undefined ? [] : [`from=${encodeURIComponent(from.toISOString())}`]),
      ...(cursor === null ? [] : [`cursor=${encodeURIComponent(cursor)}`]),
    ].join('&');
    const page: Page = await getJson(`${run.accounting}/v1/requests?${query}`, token);
    rows.push(...page.data);
    cursor = page.next_cursor;
  } while (cursor !== null);
  return rows;
};

/** Waits until at least `count` requests since `from` are billed, and returns all that are. */
export const awaitBilled = (
  run: RunJson,
  token: string,
  { from, count, withinMs = 20_000 }: { from?: Date; count: number; withinMs?: number },
): Promise<BilledRequest[]> =>
  waitFor(
    async () => {
      const rows = await billedRequests(run, token, from).catch(() => []);
      return rows.length >= count && rows;
    },
    withinMs,
    200,
  );

/** One request with its payload, where there is one. */
export const openRequest = (run: RunJson, token: string, requestId: string): Promise<OpenedRequest> =>
  getJson(`${run.accounting}/v1/requests/${requestId}`, token);

/** The sums of the usage endpoint over all its periods since `from`. */
export const usageSums = async (
  run: RunJson,
  token: string,
  from: Date,
): Promise<Record<keyof UsageSums, bigint>> => {
  const query = `start=${encodeURIComponent(from.toISOString())}&resolution=hour`;
  const { usage } = await getJson<{ usage: Record<string, UsageSums> }>(
    `${run.accounting}/v1/manage/org/usage?${query}`,
    token,
  );
  const sum = (name: keyof UsageSums): bigint =>
    Object.values(usage).reduce((total, period) => total + BigInt(period[name]), 0n);
  return {
    total_requests: sum('total_requests'),
    input_tokens: sum('input_tokens'),
    output_tokens: sum('output_tokens'),
    spend_nanos: sum('spend_nanos'),
    cost_provider_nanos: sum('cost_provider_nanos'),
  };
};

interface Ingest {
  readonly topics: readonly { readonly lag_records: number | null }[];
  readonly rejects: readonly { readonly topic: string; readonly code: string; readonly records: number }[];
  readonly tripwires: readonly { readonly code: string; readonly records: number }[];
}

/** What the operator sees of ingestion: rejected records and tripped wires, none when all is well. */
export const ingestOf = (run: RunJson): Promise<Ingest> =>
  getJson(`${run.accounting}/v1/operator/ingest`, run.operatorToken);
