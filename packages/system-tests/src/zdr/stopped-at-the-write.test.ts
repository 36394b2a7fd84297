import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeSealedPayload } from '@lethe/contracts';
import { printFigures } from '../support/figures.js';
import { lapseBoundMs } from './bound.js';
import { expectForgotten } from './expect-round.js';
import { enableZdr } from './house/enable-zdr.js';
import { type House, startHouse } from './house/house.js';
import { runSeed } from './house/random.js';
import { awaitStopped, stoppingAtWrite } from './house/stop-at-write.js';
import { topicRecords } from './house/topic-records.js';
import { playRound } from './round.js';

const first = runSeed();
const isLong = process.env.LETHE_LONG === '1';

describe(`a router that is stopped between gate and write, and writes after EnableZDR has returned, from seed ${first}`, () => {
  let house: House;
  let arrivedLate = 0;
  beforeAll(async () => {
    house = await startHouse({ routerEnv: stoppingAtWrite });
  }, 120_000);
  afterAll(async () => {
    await house?.stop();
    printFigures('stopped at the write', { 'records that arrived after the return': arrivedLate });
  }, 60_000);

  const recordsOf = async (orgId: string): Promise<number> => {
    const decoded = (await topicRecords(house, 'lethe.insight.payload.v1')).map(decodeSealedPayload);
    return decoded.filter((record) => record.ok && record.payload.orgId === orgId).length;
  };

  it.each(Array.from({ length: isLong ? 20 : 3 }, (_, n) => first + n))(
    'seed %i: what it writes then nobody can read',
    async (seed) => {
      const victim = house.routers[seed % house.routers.length]?.process;
      if (victim === undefined) throw new Error('the house has no router');
      let before = 0;
      const round = await playRound(house, {
        seed,
        enable: async (org) => {
          victim.poke();
          await awaitStopped(victim.pid() ?? 0);
          const enabled = await enableZdr(house.run.adminConfig, org);
          before = await recordsOf(org.orgId);
          return enabled;
        },
        afterwards: async () => {
          victim.thaw();
          await pause(300);
        },
      });
      arrivedLate += (await recordsOf(round.org.orgId)) - before;
      expectForgotten(round);
      const { answer, startedAtMs, returnedAtMs } = round.enabled ?? {};
      expect(answer?.barrier?.lapsed.map(({ router_id }) => router_id)).toEqual([victim.name]);
      expect((returnedAtMs ?? Number.NaN) - (startedAtMs ?? 0)).toBeLessThan(lapseBoundMs(house.leaseTtlMs));
    },
    60_000,
  );

  it('the control: such records did arrive after the return', () => {
    expect(arrivedLate).toBeGreaterThan(0);
  });
});
