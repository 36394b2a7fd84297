import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chat, requestIdOf } from '../support/http.js';
import { waitFor } from '../wait-for.js';
import { lapseBoundMs } from './bound.js';
import { expectForgotten } from './expect-round.js';
import { enableZdr } from './house/enable-zdr.js';
import { type House, startHouse } from './house/house.js';
import { randomBy, runSeed } from './house/random.js';
import { jumpingClock } from './house/wall-clock.js';
import { playRound } from './round.js';

const first = runSeed();
const isLong = process.env.LETHE_LONG === '1';

describe(`EnableZDR while wall clocks jump an hour either way, from seed ${first}`, () => {
  let house: House;
  beforeAll(async () => {
    house = await startHouse({ routerEnv: jumpingClock, adminEnv: jumpingClock });
  }, 120_000);
  afterAll(() => house?.stop(), 60_000);

  /** The wall clock of a router, as the id of a request shows it: its first 48 bits are the time. */
  const timeOf = async (url: string): Promise<number> => {
    const id = requestIdOf(await chat(url, 'sk-lethe-nobody', {}));
    return Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
  };

  it('the control: the clock of a router does jump', async () => {
    const [router] = house.routers;
    const before = await timeOf(router?.url ?? '');
    router?.process.poke();
    // The signal may be looked at after a request that came later.
    await waitFor(async () => Math.abs((await timeOf(router?.url ?? '')) - before) > 3_000_000, 5_000);
  }, 30_000);

  it.each(Array.from({ length: isLong ? 20 : 2 }, (_, n) => first + n))(
    'seed %i: nothing is kept, whoever’s clock jumps',
    async (seed) => {
      const random = randomBy(seed);
      const jumping = [...house.routers.map(({ process }) => process), ...house.admins];
      const round = await playRound(house, {
        seed,
        clocksOffMsMax: 3 * 3_600_000,
        enable: async (org) => {
          const [frozen] = house.routers;
          frozen?.process.freeze();
          const calling = enableZdr(house.run.adminConfig, org);
          for (const process of jumping) if (random() < 0.7) process.poke();
          await pause(random() * 300);
          for (const process of jumping) if (random() < 0.7) process.poke();
          return calling;
        },
        afterwards: () => house.routers[0]?.process.thaw(),
      });
      expectForgotten(round);
      const tookMs = (round.enabled?.returnedAtMs ?? Number.NaN) - (round.enabled?.startedAtMs ?? 0);
      expect(tookMs).toBeLessThan(lapseBoundMs(house.leaseTtlMs));
      expect(tookMs).toBeGreaterThan(house.leaseTtlMs / 2);
    },
    60_000,
  );
});
