import { rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { awkward, type Canary, canary, Searcher } from '@lethe/leak-prover';
import { FAULT_KINDS, type FaultKind } from '@lethe/simulated-provider';
import { startLoad } from '../chaos/start-load.js';
import { routesOf } from '../leak/matrix.js';
import type { Route } from '../leak/outcomes/outcome.js';
import { searchFolder } from '../leak/scan.js';
import { type Lethe, newHome, startLethe } from '../start-lethe.js';
import { type BilledRequest, billedRequests, organizationOf } from '../support/accounting.js';
import { inParallel, printFigures } from '../support/figures.js';
import { chat, getJson } from '../support/http.js';
import { providerOf } from '../support/ledger.js';
import { waitFor } from '../wait-for.js';
import { askPatiently, type SeenAnswer } from './ask-patiently.js';
import { faultCases } from './provider-cases.js';

const OTHERS_PER_SECOND = 10;
/** Faults that never end are left; the others have ended long before, however busy the machine is. */
const PATIENCE_MS = 20_000;
const ENDLESS_PATIENCE_MS = 1_000;
const ENDLESS: ReadonlySet<FaultKind> = new Set(['hang', 'endless']);
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface Row {
  readonly name: string;
  readonly route: Route;
  readonly fault: FaultKind;
  readonly streaming: boolean;
}

const rows: readonly Row[] = routesOf().flatMap((route) =>
  FAULT_KINDS.flatMap((fault) =>
    (route.served.streams ? [false, true] : [false]).map((streaming) => ({
      name: `${fault} at ${route.content.name}${streaming ? ', streamed' : ''}`,
      route,
      fault,
      streaming,
    })),
  ),
);

describe('bad answers of a provider, in every dialect', () => {
  let lethe: Lethe;
  let home: string;
  let key: string;
  let token: string;
  let endOthers: ReturnType<typeof startLoad>;
  let billed: BilledRequest[];
  const seen = new Map<string, SeenAnswer>();
  const secrets = new Map<string, Canary>();
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const figures: Record<string, unknown> = { cases: rows.length };

  const ask = async ({ name, route, fault, streaming }: Row): Promise<void> => {
    const secret = canary(name);
    secrets.set(name, secret);
    const body = {
      model: `sim/fault-${fault}`,
      ...(streaming && { stream: true }),
      ...route.content.asking(awkward(secret)),
    };
    const patienceMs = ENDLESS.has(fault) ? ENDLESS_PATIENCE_MS : PATIENCE_MS;
    const url = `${lethe.run.router}${route.served.path}`;
    seen.set(name, await askPatiently({ url, key, body: JSON.stringify(body), patienceMs, agent }));
  };

  beforeAll(async () => {
    home = await newHome();
    lethe = await startLethe({ home });
    const zdr = organizationOf(lethe.run, 'zdr-demo');
    key = zdr.keys.default as string;
    token = zdr.adminToken;
    const others = organizationOf(lethe.run, 'open-demo').keys.quiet as string;
    endOthers = startLoad({ router: lethe.run.router, keys: [others], requestsPerSecond: OTHERS_PER_SECOND });
    await inParallel(rows, 16, ask);
    billed = await waitFor(
      async () => {
        const found = await billedRequests(lethe.run, token);
        return found.length >= rows.length && found;
      },
      30_000,
      200,
    );
  }, 240_000);
  afterAll(async () => {
    agent.destroy();
    await lethe?.stop();
    await rm(home, { recursive: true, force: true });
    printFigures('bad answers', figures);
  });

  const billOf = ({ name, route, fault, streaming }: Row): BilledRequest[] => {
    const id = seen.get(name)?.headers['x-lethe-request-id'];
    return billed.filter(
      (row) =>
        row.request_id === id ||
        // No answer, no id: it is known by what it asked for.
        (id === undefined &&
          row.model_requested === `sim/fault-${fault}` &&
          row.endpoint === route.served.endpoint &&
          row.streaming === streaming),
    );
  };

  it.each(rows.map((row) => [row.name, row] as const))('%s', (name, row) => {
    const wanted = faultCases[row.fault][row.streaming ? 'streamed' : 'whole'];
    const answer = seen.get(name) as SeenAnswer;
    expect([answer.status, answer.end]).toEqual([wanted.status, wanted.end]);
    const bills = billOf(row).map(({ outcome, error_type }) => [outcome, error_type]);
    expect(bills).toEqual([[wanted.outcome, wanted.errorType]]);
    if (answer.status !== 0) {
      expect(answer.headers['x-lethe-request-id']).toMatch(UUID);
      expect(answer.headers['cache-control']).toBe('no-store');
    }
    if (wanted.code === undefined) return;
    const { error } = JSON.parse(answer.body) as { error: Record<string, unknown> };
    expect([error.code, error.origin, error.param]).toEqual([wanted.code, 'provider', null]);
    const quoted = new Searcher([secrets.get(name) as Canary]).search(
      Buffer.from(JSON.stringify(answer.headers) + answer.body),
    );
    expect(quoted).toEqual([]);
  });

  it('a stream that is cut says so in its dialect, before its end that is none', () => {
    const streams = rows.filter(({ fault, streaming }) => fault === 'cut' && streaming);
    expect(streams).toHaveLength(4);
    for (const { name } of streams)
      expect(seen.get(name)?.body).toContain('The stream of the provider ended before its end.');
  });

  it('what a provider says of its own within an answer is the caller’s to read, and nobody else’s', () => {
    const text = (secrets.get('mid-stream-error at chat') as Canary).text;
    expect(seen.get('mid-stream-error at chat')?.body).toContain(text);
  });

  it('no redirect was followed, and nobody was given the answer that nobody asked for', async () => {
    const { data } = await getJson<{ data: { route: string }[] }>(`${providerOf(lethe.run)}/__ledger`, '');
    expect(data.filter(({ route }) => route === 'redirect_target')).toEqual([]);
    expect(data.length).toBeGreaterThanOrEqual(rows.length);
    for (const answer of seen.values()) expect(answer.body).not.toContain('"unasked"');
  });

  it('the next request is answered, on each connection that was kept', async () => {
    const answers = await inParallel(Array.from({ length: 32 }), 32, (_, index) =>
      chat(
        lethe.run.router,
        key,
        { model: 'sim/echo', messages: [{ role: 'user', content: `still ${index}` }] },
        { agent },
      ),
    );
    for (const [index, { status, body }] of answers.entries())
      expect([status, body.includes(`"still ${index}"`)]).toEqual([200, true]);
  });

  it('disturbs no other request', async () => {
    const outcomes = await endOthers();
    expect(outcomes.filter(({ status, right }) => status !== 200 || !right)).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(OTHERS_PER_SECOND);
    figures['others undisturbed'] = outcomes.length;
  });

  it('leaves nothing behind', async () => {
    await lethe.stop();
    const { findings, files, bytes } = await searchFolder([...secrets.values()], home);
    expect(findings).toEqual([]);
    figures.searched = `${files} files and ${bytes} bytes for ${secrets.size} values`;
  }, 120_000);
});
