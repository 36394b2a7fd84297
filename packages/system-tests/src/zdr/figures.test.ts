import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { makeOrganization } from '../audit/running/management.js';
import { printFigures } from '../support/figures.js';
import { lapseBoundMs } from './bound.js';
import { enableZdr } from './house/enable-zdr.js';
import { type House, startHouse } from './house/house.js';
import { awaitReadable } from './house/organization.js';

const isLong = process.env.LETHE_LONG === '1';
const calls = { well: isLong ? 50 : 12, frozen: isLong ? 10 : 2 };
/** A quiet machine needs a tenth of it. */
const wellMsP50Max = 500;

describe('how long EnableZDR takes', () => {
  const figures: Record<string, string> = {};
  let house: House;
  beforeAll(async () => {
    house = await startHouse({ routers: 10 });
    // All of them have leases, and answer.
    const org = await makeOrganization(house.run, 'warm-up', 'warm-up');
    await awaitReadable(house, org, 9);
  }, 240_000);
  afterAll(async () => {
    await house?.stop();
    printFigures('EnableZDR', figures);
  }, 60_000);

  const live = (count: number) => house.routers.slice(0, count);
  const measure = async (count: number, tries: number, frozen: boolean): Promise<number[]> => {
    const tookMs: number[] = [];
    for (let n = 0; n < tries; n += 1) {
      const slug = `fig-${randomUUID().slice(0, 8)}`;
      const org = await makeOrganization(house.run, slug, slug);
      // Leases are renewed, and nobody is amid the change before.
      await pause(house.leaseTtlMs * 0.4);
      const victim = live(count)[n % count]?.process;
      if (frozen) victim?.freeze();
      const { status, answer, startedAtMs, returnedAtMs } = await enableZdr(house.run.adminConfig, org);
      victim?.thaw();
      expect({ status, state: answer.state }).toEqual({ status: 200, state: 'effective' });
      expect(answer.routers).toEqual({ acknowledged: frozen ? count - 1 : count, lapsed: frozen ? 1 : 0 });
      tookMs.push(returnedAtMs - startedAtMs);
      if (frozen) await pause(house.leaseTtlMs);
    }
    return tookMs.sort((a, b) => a - b);
  };
  const note = (name: string, tookMs: readonly number[]): number => {
    const p50 = tookMs[tookMs.length >> 1] ?? Number.NaN;
    figures[name] = `p50 ${p50.toFixed(0)} ms max ${tookMs.at(-1)?.toFixed(0)} ms of ${tookMs.length}`;
    return p50;
  };

  it.each([10, 3, 1])(
    'with %i routers',
    async (count) => {
      for (const { process } of house.routers.slice(count))
        if (process.pid() !== undefined) await process.stop();
      // Their leases are given back, or run out.
      await pause(house.leaseTtlMs * 1.5);
      const well = note(`${count} routers, all well`, await measure(count, calls.well, false));
      const frozen = await measure(count, calls.frozen, true);
      note(`${count} routers, one frozen`, frozen);
      if (count === 3) expect(well).toBeLessThan(wellMsP50Max);
      expect(frozen.at(-1)).toBeLessThan(lapseBoundMs(house.leaseTtlMs));
    },
    180_000,
  );
});
