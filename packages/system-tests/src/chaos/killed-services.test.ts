import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { alive } from '../process-tree.js';
import { type Lethe, type RunJson, startLethe } from '../start-lethe.js';
import { awaitBilled, ingestOf, organizationOf, usageSums } from '../support/accounting.js';
import { printFigures } from '../support/figures.js';
import { http } from '../support/http.js';
import { billSums, clearLedger, ledgerSums, settledLedger } from '../support/ledger.js';
import { waitFor } from '../wait-for.js';
import { startLoad } from './start-load.js';
import type { Outcome } from './steady-load.js';

const VICTIMS = ['accounting', 'audit', 'admin-config'] as const;
type Victim = (typeof VICTIMS)[number];
const REQUESTS_PER_SECOND = 200;
/** Asked before the first kill, and after each victim is back. */
const CALM_MS = 5_000;
const PAYLOAD = 'lethe.insight.payload.v1';
const BACK_WITHIN_MS = 20_000;

const faceOf = (run: RunJson, victim: Victim): string =>
  ({ accounting: run.accounting, audit: run.audit, 'admin-config': run.adminConfig })[victim];

const isReady = async (run: RunJson, victim: Victim): Promise<boolean> => {
  const answer = await http(`${faceOf(run, victim)}/readyz`).catch(() => undefined);
  return answer?.status === 200;
};

describe('kill -9 of accounting, audit and admin-config under load', () => {
  let lethe: Lethe;
  let from: Date;
  let outcomes: readonly Outcome[] = [];
  let tookS = 0;
  const awayMs: Partial<Record<Victim, number>> = {};

  /** Kills one, and resolves when run.json names another process that is ready. */
  const killAndAwait = async (victim: Victim): Promise<void> => {
    const pid = lethe.readRun()?.processes[victim] as number;
    const killedAtMs = performance.now();
    process.kill(pid, 'SIGKILL');
    await waitFor(() => !alive(pid), 5_000);
    await waitFor(
      async () => {
        const run = lethe.readRun();
        return run !== undefined && run.processes[victim] !== pid && (await isReady(run, victim));
      },
      BACK_WITHIN_MS,
      50,
    );
    awayMs[victim] = Math.round(performance.now() - killedAtMs);
  };

  beforeAll(async () => {
    lethe = await startLethe();
    const { keys } = organizationOf(lethe.run, 'open-demo');
    await clearLedger(lethe.run);
    from = new Date();
    const startedAtMs = performance.now();
    const endLoad = startLoad({
      router: lethe.run.router,
      keys: [keys.quiet as string, keys.logging as string],
      requestsPerSecond: REQUESTS_PER_SECOND,
    });
    try {
      await pause(CALM_MS);
      for (const victim of VICTIMS) {
        await killAndAwait(victim);
        await pause(CALM_MS);
      }
    } finally {
      tookS = (performance.now() - startedAtMs) / 1_000;
      outcomes = await endLoad();
    }
  }, 180_000);
  afterAll(async () => {
    await lethe?.stop();
    const latencies = outcomes.map(({ latencyMs }) => latencyMs).sort((a, b) => a - b);
    const quantile = (q: number): string =>
      `${(latencies[Math.floor(latencies.length * q)] ?? 0).toFixed(1)} ms`;
    printFigures('chaos', {
      requests: outcomes.length,
      'asked a second': Math.round(outcomes.length / tookS),
      p50: quantile(0.5),
      p99: quantile(0.99),
      slowest: quantile(0.9999),
      ...Object.fromEntries(VICTIMS.map((victim) => [`${victim} away`, `${awayMs[victim]} ms`])),
    });
  });

  it('clients notice nothing', () => {
    expect(outcomes.filter(({ status, right }) => status !== 200 || !right)).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(tookS * REQUESTS_PER_SECOND * 0.9);
    expect(Object.keys(awayMs).sort()).toEqual([...VICTIMS].sort());
  });

  it('every completed response is billed exactly once', async () => {
    const { adminToken } = organizationOf(lethe.run, 'open-demo');
    const completed = outcomes.filter(({ status }) => status === 200).map(({ requestId }) => requestId);
    const rows = await awaitBilled(lethe.run, adminToken, {
      from,
      count: completed.length,
      withinMs: 40_000,
    });
    expect(rows.map(({ request_id }) => request_id).sort()).toEqual([...completed].sort());
    const bill = billSums(rows);
    expect(bill).toEqual(ledgerSums(await settledLedger(lethe.run)));
    expect(await usageSums(lethe.run, adminToken, from)).toEqual({
      total_requests: BigInt(bill.requests),
      input_tokens: BigInt(bill.tokensInput),
      output_tokens: BigInt(bill.tokensOutput),
      spend_nanos: bill.costNanos,
      cost_provider_nanos: bill.costNanos,
    });
  }, 60_000);

  it('no record was rejected but what the key of the killed would open, and no wire tripped', async () => {
    const { rejects, tripwires } = await ingestOf(lethe.run);
    // Payload that was under way to accounting is sealed to a key that died with it: embedded, nobody else has it.
    const lost = rejects.filter(({ topic, code }) => topic === PAYLOAD && code === 'transit_key_unknown');
    expect(lost.reduce((sum, { records }) => sum + records, 0)).toBeLessThan(REQUESTS_PER_SECOND * 5);
    const others = rejects.filter((reject) => !lost.includes(reject));
    expect({ rejects: others, tripwires }).toEqual({ rejects: [], tripwires: [] });
  });
});
