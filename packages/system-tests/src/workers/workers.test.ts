import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { availableParallelism, loadavg } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { type MemoryNeedle, scanProcessMemory } from '@lethe/leak-prover';
import { alive, descendantsOf } from '../process-tree.js';
import { type Lethe, startLethe } from '../start-lethe.js';
import { awaitBilled, openRequest, organizationOf } from '../support/accounting.js';
import { inParallel, printFigures } from '../support/figures.js';
import { chat, http, requestIdOf } from '../support/http.js';
import { waitFor } from '../wait-for.js';
import { type Client, clientsOfEach, type Outcome } from './client.js';
import { operatorOf, requestsByWorker, totalOf } from './operator-port.js';

jest.setTimeout(120_000);

const WORKERS = 3;
const CALM_MS = 1_500;
/** Patience of the test; what is promised is asked for on its own. */
const REPLACED_WITHIN_MS = 45_000;
const REPLACED_S_MAX = 4;

let lethe: Lethe;
let keys: Readonly<Record<'logging' | 'quiet', string>>;
let adminToken: string;
const figures: Record<string, unknown> = {};

const workerPids = (): readonly number[] => lethe.readRun()?.processes.router ?? [];
const argvOf = (pid: number): string[] => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
/** The process that starts the workers: their parent, and no child of its own but them. */
const primaryPid = (): number => {
  const found = lethe.processes().find((pid) => descendantsOf(pid).includes(workerPids()[0] as number));
  if (found === undefined) throw new Error('the workers have no parent');
  return found;
};
const retentionOf = async (client: Client, key: string): Promise<unknown> =>
  (await client.ask(key)).headers['x-lethe-retention'];

beforeAll(async () => {
  // Strict: whatever a client saw completed is billed, also when the worker dies right after.
  lethe = await startLethe({ env: { ROUTER_WORKERS: String(WORKERS), BILLING_DURABILITY: 'strict' } });
  const organization = organizationOf(lethe.run, 'open-demo');
  keys = { logging: organization.keys.logging as string, quiet: organization.keys.quiet as string };
  adminToken = organization.adminToken;
});
afterAll(async () => {
  await lethe?.stop();
  printFigures('workers', figures);
});

describe('a router of three workers', () => {
  it('names each of them in run.json, and runs each as a router alone would run', () => {
    const pids = workerPids();
    expect(new Set(pids).size).toBe(WORKERS);
    const primary = primaryPid();
    expect([...descendantsOf(primary)].sort()).toEqual([...pids].sort());
    const alone = argvOf(primary).filter((flag) => !/allow-child-process|SecurityWarning/.test(flag));
    expect(alone).not.toEqual(argvOf(primary));
    expect(alone).toEqual(
      expect.arrayContaining([expect.stringMatching(/^--(?:experimental-)?permission$/)]),
    );
    for (const pid of pids) expect(argvOf(pid)).toEqual(alone);
  });

  it('is ready on one operator port, and is three routers to admin-config', async () => {
    const operator = operatorOf(lethe.run);
    expect((await http(`${operator}/readyz`)).status).toBe(200);
    expect((await http(`${operator}/healthz`)).status).toBe(200);
    expect(await totalOf(operator, 'lethe_router_workers_ready')).toBe(WORKERS);
    expect(await totalOf(operator, 'lethe_router_gate_open')).toBe(1);
    expect(await totalOf(lethe.run.adminConfig, 'lethe_admin_policy_streams')).toBe(WORKERS);
  });

  it('spreads 200 connections: each worker serves at least 15 %, and the sum is all of them', async () => {
    const before = await requestsByWorker(lethe.run);
    const total = await totalOf(operatorOf(lethe.run), 'lethe_router_requests_total');
    const agent = new Agent({ keepAlive: false });
    const body = { model: 'sim/echo', messages: [{ role: 'user', content: 'hello' }] };
    const asked = Array.from({ length: 200 }, (_, index) => index);
    const answers = await inParallel(asked, 10, () => chat(lethe.run.router, keys.quiet, body, { agent }));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    await waitFor(
      async () => (await totalOf(operatorOf(lethe.run), 'lethe_router_requests_total')) === total + 200,
    );
    const served = (await requestsByWorker(lethe.run)).map((count, index) => count - (before[index] ?? 0));
    figures.spread = served.join('/');
    expect(served.reduce((sum, count) => sum + count, 0)).toBe(200);
    expect(Math.min(...served)).toBeGreaterThanOrEqual(30);
  });

  it('hands connections over without reading them: the key that was sent is in the workers only', async () => {
    const needle: MemoryNeedle = { name: 'key', unit: keys.quiet, runCharactersMin: keys.quiet.length };
    const hitsOf = async (pid: number): Promise<number> =>
      (await scanProcessMemory(pid, [needle])).hits.reduce((sum, { runs }) => sum + runs, 0);
    expect(await hitsOf(primaryPid())).toBe(0);
    // The control: the same search finds it where it was read.
    for (const pid of workerPids()) expect(await hitsOf(pid)).toBeGreaterThan(0);
  });
});

describe('kill -9 of one worker under load', () => {
  const victim = 1;
  let clients: ReadonlyMap<number, readonly Client[]>;
  let from: Date;
  let killedPid: number;
  let killedAtMs: number;
  let backAfterS: number;
  const outcomes = new Map<number, readonly Outcome[]>();

  beforeAll(async () => {
    clients = await clientsOfEach(lethe.run, keys.quiet, { workers: WORKERS, each: 3 });
    from = new Date();
    const stop = new AbortController();
    const load = [...clients].map(async ([worker, ofWorker]) => {
      const all = await Promise.all(ofWorker.map((client) => client.askOn(keys.quiet, stop.signal)));
      outcomes.set(worker, all.flat());
    });
    try {
      await pause(CALM_MS);
      killedPid = workerPids()[victim] as number;
      killedAtMs = performance.now();
      process.kill(killedPid, 'SIGKILL');
      await waitFor(
        () => workerPids().length === WORKERS && !workerPids().includes(killedPid),
        REPLACED_WITHIN_MS,
      );
      backAfterS = (performance.now() - killedAtMs) / 1_000;
      figures['worker back after'] = `${backAfterS.toFixed(1)} s`;
      await pause(CALM_MS);
    } finally {
      stop.abort();
      await Promise.all(load);
    }
  });
  afterAll(() => {
    for (const client of [...(clients?.values() ?? [])].flat()) client.close();
  });

  it('leaves every request of the others answered, and those on it fail once at most', () => {
    for (const [worker, all] of outcomes) {
      expect(all.length).toBeGreaterThan(50);
      const wrong = all.filter(({ right }) => !right);
      if (worker !== victim) expect(wrong).toEqual([]);
      // A connection may be handed over while it dies: one more for each client.
      expect(wrong.length).toBeLessThanOrEqual(2 * 3);
      for (const { endedAtMs } of wrong) expect(endedAtMs).toBeGreaterThanOrEqual(killedAtMs);
    }
    const failed = [...outcomes.values()].flat().filter(({ right }) => !right).length;
    figures.requests = [...outcomes.values()].flat().length;
    figures['cut off'] = failed;
    expect(alive(killedPid)).toBe(false);
  });

  it('bills each completed request exactly once, and no more than what was cut off besides', async () => {
    const all = [...outcomes.values()].flat();
    const completed = all.filter(({ right }) => right).map(({ requestId }) => requestId);
    const rows = await awaitBilled(lethe.run, adminToken, { from, count: completed.length });
    const billed = rows.map(({ request_id }) => request_id);
    expect(new Set(billed).size).toBe(billed.length);
    expect(completed.filter((id) => !billed.includes(id))).toEqual([]);
    expect(billed.length - completed.length).toBeLessThanOrEqual(all.length - completed.length);
  });

  it('has another worker in its place, with a lease of its own, under the same policy', async () => {
    const { adminConfig } = lethe.run;
    await waitFor(async () => (await totalOf(adminConfig, 'lethe_admin_policy_streams')) === WORKERS);
    await waitFor(async () => (await totalOf(operatorOf(lethe.run), 'lethe_router_gate_open')) === 1);
    expect(await totalOf(operatorOf(lethe.run), 'lethe_router_worker_replaced_total')).toBe(1);
    const [fresh] =
      (await clientsOfEach(lethe.run, keys.quiet, { workers: WORKERS, each: 1 })).get(victim) ?? [];
    if (fresh === undefined) throw new Error('no client of the new worker');
    expect(await retentionOf(fresh, keys.quiet)).toBe('telemetry');
    expect((await fresh.ask('sk-lethe-of-nobody')).status).toBe(401);
    const logged = await fresh.ask(keys.logging, 'Remember me.');
    expect(logged.headers['x-lethe-retention']).toBe('payload');
    const opened = await waitFor(async () => {
      const one = await openRequest(lethe.run, adminToken, requestIdOf(logged)).catch(() => undefined);
      return one?.payload !== null && one;
    });
    expect(JSON.stringify(opened.payload?.messages)).toContain('Remember me.');
    fresh.close();
  });

  it('has it soon: where more processes than cores want to run, everything takes as many times longer', () => {
    const crowding = Math.max(1, (loadavg()[0] ?? 0) / availableParallelism());
    figures.crowding = crowding.toFixed(1);
    expect(backAfterS / crowding).toBeLessThan(REPLACED_S_MAX);
  });

  it('keeps the sum of all requests from falling', async () => {
    const total = await totalOf(operatorOf(lethe.run), 'lethe_router_requests_total');
    const now = (await requestsByWorker(lethe.run)).reduce((sum, count) => sum + count, 0);
    // What the dead worker had counted is in the sum and in no worker any more.
    expect(total).toBeGreaterThan(now);
  });
});

describe('kill -9 of the process that starts the workers', () => {
  it('ends all workers, which finish what they serve first; others take their place', async () => {
    const [before, primary] = [workerPids(), primaryPid()];
    const content = Array.from({ length: 30 }, (_, index) => `word${index}`).join(' ');
    const slow = { model: 'sim/echo~20', stream: true, messages: [{ role: 'user', content }] };
    const from = new Date();
    const streams = [1, 2, 3].map(() =>
      chat(lethe.run.router, keys.quiet, slow, { agent: new Agent({ keepAlive: false }) }),
    );
    await pause(200);
    process.kill(primary, 'SIGKILL');
    const answers = await Promise.all(streams);
    for (const { body } of answers) expect(body.toString().endsWith('data: [DONE]\n\n')).toBe(true);
    await waitFor(() => !before.some(alive), 10_000);
    await waitFor(
      () => workerPids().length === WORKERS && !workerPids().some((pid) => before.includes(pid)),
      REPLACED_WITHIN_MS,
    );
    await waitFor(async () => (await http(`${operatorOf(lethe.run)}/readyz`)).status === 200);
    const rows = await awaitBilled(lethe.run, adminToken, { from, count: answers.length });
    expect(rows.map(({ request_id }) => request_id).sort()).toEqual(answers.map(requestIdOf).sort());
  });
});

describe('ZDR', () => {
  it('reaches every worker', async () => {
    const clients = await clientsOfEach(lethe.run, keys.quiet, { workers: WORKERS, each: 1 });
    const all = [...clients.values()].flat();
    const retentions = () => Promise.all(all.map((client) => retentionOf(client, keys.logging)));
    // The control: until then each of them may capture.
    await waitFor(async () => (await retentions()).every((retention) => retention === 'payload'));
    const answer = await http(`${lethe.run.adminConfig}/v1/manage/org/zdr`, {
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ confirm: 'open-demo' }),
    });
    expect([200, 202]).toContain(answer.status);
    await waitFor(async () => (await retentions()).every((retention) => retention === 'telemetry'));
    for (let round = 0; round < 5; round += 1) expect(await retentions()).toEqual(all.map(() => 'telemetry'));
    for (const client of all) client.close();
  });
});

describe('a stop', () => {
  it('ends all of them in time, whatever they serve, and leaves nobody', async () => {
    const hanging = { model: 'sim/fault-hang', messages: [{ role: 'user', content: 'hello' }] };
    const cutOff = Array.from({ length: 2 * WORKERS }, () =>
      chat(lethe.run.router, keys.quiet, hanging, { agent: new Agent({ keepAlive: false }) }).then(
        ({ status }) => status,
        () => 'cut off',
      ),
    );
    await pause(300);
    const { exitCode, tookMs, left } = await lethe.stop();
    figures['stopped in'] = `${Math.round(tookMs)} ms`;
    expect({ exitCode, left }).toEqual({ exitCode: 0, left: [] });
    expect(tookMs).toBeLessThan(5_500);
    expect(await Promise.all(cutOff)).toEqual(cutOff.map(() => 'cut off'));
  });
});
