import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { http } from '../support/http.js';
import { waitFor } from '../wait-for.js';
import { lapseBoundMs } from './bound.js';
import { expectForgotten } from './expect-round.js';
import { enableZdr } from './house/enable-zdr.js';
import { type House, type RouterNode, startHouse } from './house/house.js';
import { runSeed } from './house/random.js';
import { playRound, type Round } from './round.js';

const isLong = process.env.LETHE_LONG === '1';
const first = runSeed();
const seeds = (count: number): number[] =>
  Array.from({ length: isLong ? count * 12 : count }, (_, n) => first + n);

describe(`EnableZDR when routers do not answer, from seed ${first}`, () => {
  let house: House;
  beforeAll(async () => {
    house = await startHouse();
  }, 120_000);
  afterAll(() => house?.stop(), 60_000);

  const victimOf = (seed: number): RouterNode => {
    const router = house.routers[seed % house.routers.length];
    if (router === undefined) throw new Error('the house has no router');
    return router;
  };
  const expectLapsed = (round: Round, routerId: string): void => {
    const { answer, startedAtMs, returnedAtMs } = round.enabled ?? {};
    expect(answer?.routers).toEqual({ acknowledged: house.routers.length - 1, lapsed: 1 });
    expect(answer?.barrier?.lapsed.map(({ router_id }) => router_id)).toEqual([routerId]);
    const tookMs = (returnedAtMs ?? Number.NaN) - (startedAtMs ?? 0);
    expect(tookMs).toBeLessThan(lapseBoundMs(house.leaseTtlMs));
    expect(tookMs).toBeGreaterThan(house.leaseTtlMs / 2);
  };

  it.each(seeds(2))(
    'seed %i: a router that is stopped amid its requests and goes on afterwards keeps nothing',
    async (seed) => {
      const { process } = victimOf(seed);
      const round = await playRound(house, {
        seed,
        enable: (org) => {
          process.freeze();
          return enableZdr(house.run.adminConfig, org);
        },
        afterwards: async () => {
          await pause(300);
          process.thaw();
        },
      });
      expectForgotten(round);
      expectLapsed(round, process.name);
    },
    60_000,
  );

  it.each(seeds(1))(
    'seed %i: a router whose policy stream is a black hole lapses, serves on and keeps nothing',
    async (seed) => {
      const { link, process } = victimOf(seed);
      const round = await playRound(house, {
        seed,
        enable: (org) => {
          link.blackhole();
          return enableZdr(house.run.adminConfig, org);
        },
      });
      link.heal();
      expectForgotten(round);
      expectLapsed(round, process.name);
    },
    60_000,
  );

  it.each(seeds(1))(
    'seed %i: a router that hears everything late is waited for',
    async (seed) => {
      const { link } = victimOf(seed);
      const round = await playRound(house, {
        seed,
        enable: (org) => {
          link.delay(120);
          return enableZdr(house.run.adminConfig, org);
        },
      });
      link.delay(0);
      expectForgotten(round);
    },
    60_000,
  );

  it.each(seeds(1))(
    'seed %i: a router whose stream is cut comes back, and keeps nothing',
    async (seed) => {
      const { link } = victimOf(seed);
      const round = await playRound(house, {
        seed,
        enable: (org) => {
          link.cut();
          return enableZdr(house.run.adminConfig, org);
        },
      });
      expectForgotten(round);
    },
    60_000,
  );

  it('a router that was killed is waited for no longer than its lease', async () => {
    const { process, operator } = victimOf(first);
    const round = await playRound(house, {
      seed: first,
      enable: async (org) => {
        await process.kill();
        const enabled = await enableZdr(house.run.adminConfig, org);
        await process.start();
        await waitFor(async () => (await http(`${operator}/readyz`).catch(() => undefined))?.status === 200);
        return enabled;
      },
    });
    expect(round.enabled).toMatchObject({ status: 200, answer: { routers: { lapsed: 1 } } });
    const tookMs = (round.enabled?.returnedAtMs ?? Number.NaN) - (round.enabled?.startedAtMs ?? 0);
    expect(tookMs).toBeLessThan(lapseBoundMs(house.leaseTtlMs));
    expect(round.readable([...round.inFlight, ...round.after])).toEqual([]);
    expect(round.after.length).toBeGreaterThan(5);
  }, 60_000);
});
