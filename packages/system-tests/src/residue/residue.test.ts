import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { printFigures } from '../support/figures.js';
import { findNode24 } from '../support/node-24.js';
import { freedCases, residueCases } from './cases.js';
import { dialectCases } from './dialect-cases.js';
import { goneAfterMs } from './remains.js';
import type { RouterProcess } from './router-process.js';
import { type Outcome, problemsOf, runCases, startLoad } from './run-cases.js';
import { startWorld, type World } from './world.js';

// The memory of a real router is searched for what callers and provider said, a second after each exchange. That the
// search finds what is there is shown in controls.test.ts.

const long = process.env.LETHE_LONG === '1';
const cases = [...residueCases, ...dialectCases].filter(({ short }) => long || short);
/** Looked at again while others use the router, and under another Node. */
const fewCases = long
  ? cases
  : cases.filter(({ name }) => /^20 KB|^200 KB|^no key|^leaves in the up/.test(name));
/** What the launcher gives the router where the C library is glibc. The other tests do without. */
const freeOverwrites = { GLIBC_TUNABLES: 'glibc.malloc.perturb=90' };
const worldMsMax = long ? 900_000 : 240_000;

describe.each([
  ['HTTP on both sides', false],
  ['TLS on both sides', true],
] as const)('a router that speaks %s', (way, secure) => {
  let world: World;
  let router: RouterProcess;
  const figures: Record<string, number> = { scans: 0, 'slowest ms': 0 };
  const count = (outcomes: Iterable<Outcome>): void => {
    for (const { afterMs } of outcomes) {
      figures.scans = (figures.scans ?? 0) + 1;
      figures['slowest ms'] = Math.max(figures['slowest ms'] ?? 0, afterMs);
    }
  };
  const all = (outcomes: Map<string, Outcome>, expected: number): void => {
    count(outcomes.values());
    expect([problemsOf(outcomes), outcomes.size]).toEqual([[], expected]);
  };

  beforeAll(async () => {
    world = await startWorld(secure);
    router = await world.startRouter();
  }, 60_000);
  afterAll(async () => {
    await world?.stop();
    printFigures(`residue, ${way}`, figures);
  });

  it(
    `keeps nothing ${goneAfterMs} ms after any of ${cases.length} ways to end`,
    async () => all(await runCases(world, router, cases), cases.length),
    worldMsMax,
  );

  it(
    'keeps nothing while others use it',
    async () => {
      const load = startLoad(world, router);
      const outcomes = await runCases(world, router, fewCases);
      const answered = load.answered();
      await load.stop();
      all(outcomes, fewCases.length);
      expect(answered).toBeGreaterThan(100);
      figures['requests of others'] = answered;
    },
    worldMsMax,
  );

  it('shows that it forgets in its figures', async () => {
    const metrics = await router.operator('/metrics');
    expect(metrics).toMatch(/^lethe_router_forget_keeps_up\{.*\} 1$/m);
    expect(metrics).toMatch(/^lethe_router_forget_failures_total\{.*\} 0$/m);
    expect(Number(/^lethe_router_forget_rounds_total\{.*\} (\d+)$/m.exec(metrics)?.[1])).toBeGreaterThan(10);
  });

  it(
    'keeps nothing of what is freed as it is when free() overwrites, as the launcher has it; else it does (control)',
    async () => {
      const overwriting = await world.startRouter({ env: freeOverwrites });
      all(await runCases(world, overwriting, freedCases), freedCases.length);
      const outcomes = await runCases(world, router, freedCases);
      expect(problemsOf(outcomes).length).toBeGreaterThan(0);
    },
    worldMsMax,
  );

  it(
    'keeps nothing on Node 24 either',
    async () => {
      const node = findNode24();
      if (node === undefined) {
        expect(process.env.CI).toBeUndefined();
        return;
      }
      const other = await world.startRouter({ node });
      all(await runCases(world, other, fewCases), fewCases.length);
      figures['on Node 24'] = fewCases.length;
    },
    worldMsMax,
  );
});
