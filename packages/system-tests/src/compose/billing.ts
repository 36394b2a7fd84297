import type { LedgerEntry } from '@lethe/simulated-provider';
import type { BilledRequest, OpenedRequest } from '../support/accounting.js';
import { waitFor } from '../wait-for.js';
import type { Deployment } from './deployment.js';

const accounting = 'https://accounting:4003';
const everyMs = 1_000;

/** Every row that a token may read, newest first. Undefined when accounting does not answer. */
export const billedRows = async (
  deployment: Deployment,
  token: string,
): Promise<BilledRequest[] | undefined> => {
  const url = `${accounting}/v1/requests?limit=200`;
  const { rest } = await deployment.inside({ rest: [{ url, token, allPages: true }] });
  const [answer] = rest;
  if (answer?.status !== 200) return undefined;
  return JSON.parse(Buffer.from(answer.body, 'base64').toString()) as BilledRequest[];
};

/** All rows, once these requests are among them; after `withinMs` as they are then. */
export const awaitBilled = async (
  deployment: Deployment,
  token: string,
  ids: readonly string[],
  withinMs: number,
): Promise<BilledRequest[]> => {
  let rows: BilledRequest[] = [];
  const areAllThere = async (): Promise<boolean> => {
    rows = (await billedRows(deployment, token)) ?? rows;
    const there = new Set(rows.map(({ request_id }) => request_id));
    return ids.every((id) => there.has(id));
  };
  await waitFor(areAllThere, withinMs, everyMs).catch(() => undefined);
  return rows;
};

/** One request with its payload, and its raw body where there is one. */
export const openedRequest = async (
  deployment: Deployment,
  token: string,
  requestId: string,
): Promise<{ readonly opened: OpenedRequest; readonly raw: string | undefined } | undefined> => {
  const read = async (path: string): Promise<Buffer | undefined> => {
    const { rest } = await deployment.inside({ rest: [{ url: `${accounting}${path}`, token }] });
    return rest[0]?.status === 200 ? Buffer.from(rest[0].body, 'base64') : undefined;
  };
  const text = await read(`/v1/requests/${requestId}`);
  if (text === undefined) return undefined;
  const opened = JSON.parse(text.toString()) as OpenedRequest;
  const raw = opened.raw_request === null ? undefined : await read(opened.raw_request.href);
  return { opened, raw: raw?.toString() };
};

/** What the simulated provider says it served, by its own count. */
export const providerLedger = async (deployment: Deployment): Promise<LedgerEntry[]> => {
  const program = `const answer = await fetch('http://127.0.0.1:4010/__ledger'); process.stdout.write(await answer.text());`;
  const out = await deployment.must([
    ...['--profile', 'simulated-provider', 'exec', '-T', 'simulated-provider'],
    ...['node', '--input-type=module', '-e', program],
  ]);
  return (JSON.parse(out) as { data: LedgerEntry[] }).data;
};
