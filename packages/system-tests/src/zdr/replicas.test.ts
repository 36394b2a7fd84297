import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { TestOrganization } from '../audit/running/management.js';
import { waitFor } from '../wait-for.js';
import { expectForgotten } from './expect-round.js';
import { type Enabled, enableZdr, untilEffective, zdrState } from './house/enable-zdr.js';
import { type House, startHouse } from './house/house.js';
import { randomBy, runSeed } from './house/random.js';
import { playRound } from './round.js';

const isLong = process.env.LETHE_LONG === '1';
const first = runSeed();

describe(`EnableZDR when services of the control plane die, from seed ${first}`, () => {
  let house: House;
  beforeAll(async () => {
    house = await startHouse();
  }, 120_000);
  afterAll(() => house?.stop(), 60_000);
  afterEach(async () => {
    for (const service of house.services) {
      service.thaw();
      if (service.pid() === undefined) await service.start();
    }
    for (const { link } of house.routers) link.heal();
  }, 60_000);

  /** Asks the first replica, kills it once it has committed and waits for nothing but `obstacle`; the other goes on. */
  const killedAmid =
    (obstacle: { readonly put: () => void; readonly remove: () => void }) =>
    async (org: TestOrganization): Promise<Enabled> => {
      const [first, second] = house.adminUrls;
      obstacle.put();
      const cut = enableZdr(first, org).catch(() => undefined);
      await waitFor(async () => (await zdrState(second, org)) === 'committed_pending', 10_000, 5);
      await pause(400);
      expect(await zdrState(second, org)).toBe('committed_pending');
      await house.admins[0].kill();
      expect(await cut).toBeUndefined();
      obstacle.remove();
      return untilEffective(second, org);
    };

  it('killed while it waits for a router', async () => {
    const [router] = house.routers;
    const put = (): void => router?.link.blackhole();
    // The lease runs out: nothing need be mended.
    const round = await playRound(house, {
      seed: first,
      enable: killedAmid({ put, remove: () => undefined }),
    });
    expectForgotten(round);
    expect(round.enabled?.answer.routers.lapsed).toBeGreaterThanOrEqual(1);
  }, 60_000);

  it('killed while it waits for accounting to seal', async () => {
    const { accounting } = house;
    const obstacle = { put: () => accounting.freeze(), remove: () => accounting.thaw() };
    expectForgotten(await playRound(house, { seed: first + 1, enable: killedAmid(obstacle) }));
  }, 60_000);

  it('killed while it waits for the audit log', async () => {
    const { audit } = house;
    const obstacle = { put: () => audit.freeze(), remove: () => audit.thaw() };
    expectForgotten(await playRound(house, { seed: first + 2, enable: killedAmid(obstacle) }));
  }, 60_000);

  it.each(Array.from({ length: isLong ? 40 : 3 }, (_, n) => first + 10 + n))(
    'seed %i: killed at any moment, the other replica makes it effective',
    async (seed) => {
      const [one, other] = house.adminUrls;
      const round = await playRound(house, {
        seed,
        enable: async (org) => {
          const asking = enableZdr(one, org).catch(() => undefined);
          await pause(randomBy(seed)() * 150);
          await house.admins[0].kill();
          const answered = await asking;
          // Whether it had committed is not known: asking again is right in either case.
          const again = await enableZdr(other, org);
          if (answered !== undefined) expect(again.answer.version).toBe(answered.answer.version);
          return again.answer.state === 'effective' ? again : untilEffective(other, org);
        },
      });
      expectForgotten(round);
    },
    60_000,
  );

  it.each(['accounting', 'audit'] as const)(
    '%s is away: committed, and effective when it is back',
    async (name) => {
      const service = house[name];
      const round = await playRound(house, {
        seed: first + 20,
        enable: async (org) => {
          await service.kill();
          const pending = await enableZdr(house.adminUrls[0], org);
          expect(pending).toMatchObject({
            status: 202,
            answer: { state: 'committed_pending', effective_at: null },
          });
          expect(await zdrState(house.adminUrls[1], org)).toBe('committed_pending');
          await service.start();
          const effective = await untilEffective(house.adminUrls[1], org);
          expect(effective.answer.version).toBe(pending.answer.version);
          return effective;
        },
      });
      expectForgotten(round);
    },
    90_000,
  );

  it('fifty calls at once, at both replicas: one version and the same answer', async () => {
    const round = await playRound(house, {
      seed: first + 30,
      enable: async (org) => {
        const calls = Array.from({ length: 50 }, (_, n) =>
          enableZdr(house.adminUrls[n % 2 === 0 ? 0 : 1], org),
        );
        const enabled = await Promise.all(calls);
        // One event; each replica may prove it against a checkpoint of its own.
        const answers = enabled.map(({ status, answer: { audit, ...rest } }) => {
          expect(audit.proof).toContain('c2sp.org/tlog-proof@v1');
          return JSON.stringify([status, rest, audit.event_id]);
        });
        expect([...new Set(answers)]).toEqual([answers[0]]);
        const [last] = enabled.sort((a, b) => b.returnedAtMs - a.returnedAtMs);
        if (last === undefined) throw new Error('nothing was answered');
        return last;
      },
    });
    expectForgotten(round);
  }, 60_000);
});
