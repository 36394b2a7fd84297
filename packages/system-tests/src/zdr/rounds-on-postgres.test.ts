import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Canary, credentialCanary } from '@lethe/leak-prover';
import { searchDatabases } from '../leak/scan.js';
import { printFigures } from '../support/figures.js';
import { expectForgotten } from './expect-round.js';
import { type House, startHouse } from './house/house.js';
import { runSeed } from './house/random.js';
import { playRound } from './round.js';

const isLong = process.env.LETHE_LONG === '1';
const rounds = isLong ? 50 : 8;
const first = runSeed();

describe(`EnableZDR on three routers under load, the event log on Postgres, from seed ${first}`, () => {
  let house: House;
  const tookMs: number[] = [];
  let requests = 0;
  let inFlight = 0;
  const silent: Canary[] = [];
  const slugs: string[] = [];
  beforeAll(async () => {
    house = await startHouse();
  }, 120_000);
  afterAll(async () => {
    await house?.stop();
    tookMs.sort((a, b) => a - b);
    printFigures('zdr on Postgres', {
      rounds: tookMs.length,
      requests,
      'in flight at the return': inFlight,
      'EnableZDR p50': `${tookMs[tookMs.length >> 1]?.toFixed(0)} ms`,
      slowest: `${tookMs.at(-1)?.toFixed(0)} ms`,
    });
  }, 60_000);

  it('the control: without it, what is asked after that moment can be read, and the search finds it', async () => {
    const round = await playRound(house, { seed: first, without: true });
    expect(round.readable(round.after).length).toBeGreaterThan(5);
    expect(round.opened.texts.some(({ place }) => place === 'item')).toBe(true);
    // The records lie in the topic, and whoever has the transit key opens them.
    expect(round.opened.texts.some(({ place }) => place === 'topic')).toBe(true);
  }, 60_000);

  it.each(Array.from({ length: rounds }, (_, n) => first + n))(
    'seed %i: nothing that was asked after its return can be read',
    async (seed) => {
      const round = await playRound(house, { seed });
      expectForgotten(round);
      tookMs.push((round.enabled?.returnedAtMs ?? 0) - (round.enabled?.startedAtMs ?? 0));
      requests += round.asked.length;
      inFlight += round.inFlight.length;
      silent.push(...[...round.inFlight, ...round.after].map(({ canary }) => canary));
      slugs.push(round.org.slug);
    },
    60_000,
  );

  it('no row of any table of any database holds any of it, in any form', async () => {
    const login = house.databases.superuser('postgres');
    const { tables, findings } = await searchDatabases(silent, login);
    expect(silent.length).toBeGreaterThan(rounds * 5);
    for (const name of ['accounting.usage.event', 'accounting.payload.item', 'event_log.event_log.record'])
      expect([name, tables.some((table) => table.startsWith(name))]).toEqual([name, true]);
    expect(findings).toEqual([]);
    // The control: what does lie there is found.
    const names = slugs.map((slug) => credentialCanary('slug', slug));
    const named = await searchDatabases(names, login);
    expect(new Set(named.findings.map(({ sink }) => sink))).toContain('config.config.organization');
  }, 120_000);
});
