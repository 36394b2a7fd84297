import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Lethe, startLethe } from '../start-lethe.js';
import { awaitBilled, type BilledRequest, billedRequests, organizationOf } from '../support/accounting.js';
import { printFigures } from '../support/figures.js';
import { http } from '../support/http.js';
import { waitFor } from '../wait-for.js';
import { startLoad } from './start-load.js';
import type { Outcome } from './steady-load.js';

const kills = process.env.LETHE_LONG === '1' ? 60 : 8;
const requestsPerSecond = 100;
const betweenKillsMs = 700;
const calmMs = 3_000;
const billedWithinMs = 20_000;

interface Played {
  /** Of what a client saw completed: the ids, and how long each took before the first kill. */
  readonly completed: readonly string[];
  readonly cut: number;
  readonly calmLatenciesMs: readonly number[];
  readonly rows: readonly BilledRequest[];
}

const killRouter = async (lethe: Lethe): Promise<void> => {
  const pids = lethe.readRun()?.processes.router ?? [];
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await waitFor(async () => {
    const now = lethe.readRun()?.processes.router ?? [];
    const isNew = now.length > 0 && now.every((pid) => !pids.includes(pid));
    return isNew && (await http(`${lethe.run.router}/v1/models`).catch(() => undefined)) !== undefined;
  }, 20_000);
};

const isCompleted = ({ status, right }: Outcome): boolean => status === 200 && right;

/** Load on one Lethe whose routers are killed again and again, and what is billed afterwards. */
const play = async (durability: 'strict' | 'default'): Promise<Played> => {
  const lethe = await startLethe({ env: { BILLING_DURABILITY: durability } });
  try {
    const { keys, adminToken } = organizationOf(lethe.run, 'open-demo');
    const before = new Set((await billedRequests(lethe.run, adminToken)).map(({ request_id }) => request_id));
    const load = { router: lethe.run.router, keys: [keys.quiet as string], requestsPerSecond };
    const endCalm = startLoad(load);
    await pause(calmMs);
    const calm = await endCalm();
    const endLoad = startLoad(load);
    for (let n = 0; n < kills; n += 1) {
      await pause(betweenKillsMs);
      await killRouter(lethe);
    }
    const outcomes = await endLoad();
    const all = [...calm, ...outcomes].filter(isCompleted);
    // The calm part is complete in any mode; what the kills took never comes.
    const billed = () => awaitBilled(lethe.run, adminToken, { count: all.length, withinMs: billedWithinMs });
    const rows = await billed().catch(() => billedRequests(lethe.run, adminToken));
    return {
      completed: all.map(({ requestId }) => requestId),
      cut: outcomes.length - outcomes.filter(isCompleted).length,
      calmLatenciesMs: calm.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b),
      rows: rows.filter(({ request_id }) => !before.has(request_id)),
    };
  } finally {
    await lethe.stop();
  }
};

const unbilled = ({ completed, rows }: Played): string[] => {
  const billed = new Set(rows.map(({ request_id }) => request_id));
  return completed.filter((id) => !billed.has(id));
};

describe('kill -9 of routers under load', () => {
  let strict: Played;
  let lax: Played;
  beforeAll(async () => {
    strict = await play('strict');
    lax = await play('default');
  }, 480_000);
  afterAll(() => {
    const p50 = ({ calmLatenciesMs: all }: Played): number => all[all.length >> 1] ?? Number.NaN;
    printFigures('killed routers', {
      kills,
      'completed, strict': strict.completed.length,
      'cut by the kills': strict.cut,
      'unbilled, strict': unbilled(strict).length,
      'unbilled, default': `${unbilled(lax).length} of ${lax.completed.length}`,
      'p50 strict over default': (p50(strict) / p50(lax)).toFixed(2),
    });
  });

  it('strict: what a client saw completed is billed, and exactly once', () => {
    expect(strict.cut).toBeGreaterThan(0);
    expect(strict.completed.length).toBeGreaterThan(kills * betweenKillsMs * 0.001 * requestsPerSecond * 0.5);
    expect(unbilled(strict)).toEqual([]);
    const ids = strict.rows.map(({ request_id }) => request_id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('the control: without it each kill takes what the router still gathered, and the same comparison finds that', () => {
    expect(unbilled(lax).length).toBeGreaterThan(0);
    // No more than what comes in while a pack is gathered and on its way.
    expect(unbilled(lax).length).toBeLessThan(kills * requestsPerSecond * 0.5);
    const ids = lax.rows.map(({ request_id }) => request_id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
