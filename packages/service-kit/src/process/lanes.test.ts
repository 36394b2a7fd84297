import { describe, expect, it } from '@jest/globals';
import { type LaneStep, runLanes } from './lanes.js';

/** Items are a lane's letter and a number; what was taken, in order, and how many at once. */
const run = async (
  items: readonly string[],
  step: (item: string) => LaneStep = () => 'next',
  { lanesMax = 3, stopAfter = Number.POSITIVE_INFINITY } = {},
) => {
  const taken: string[] = [];
  let going = 0;
  let peak = 0;
  await runLanes(items, {
    laneOf: (item) => item.charAt(0),
    lanesMax,
    stopped: () => taken.length >= stopAfter,
    take: async (item) => {
      taken.push(item);
      going += 1;
      peak = Math.max(peak, going);
      await new Promise((resolve) => setImmediate(resolve));
      going -= 1;
      return step(item);
    },
  });
  return { taken, peak, of: (lane: string) => taken.filter((item) => item.startsWith(lane)) };
};

describe('lanes', () => {
  const items = ['a1', 'b1', 'a2', 'c1', 'b2', 'd1', 'a3'];

  it('take every item, each lane in order, so many lanes at once', async () => {
    const { taken, peak, of } = await run(items);
    expect([...taken].sort()).toEqual([...items].sort());
    expect([of('a'), of('b')]).toEqual([
      ['a1', 'a2', 'a3'],
      ['b1', 'b2'],
    ]);
    expect(peak).toBe(3);
    expect((await run(items, undefined, { lanesMax: 1 })).peak).toBe(1);
  });

  it('stop alone when an item says so, and all when an item says that', async () => {
    const alone = await run(items, (item) => (item === 'a1' ? 'stop_lane' : 'next'));
    expect(alone.of('a')).toEqual(['a1']);
    expect(alone.taken).toHaveLength(5);
    const all = await run(items, (item) => (item === 'a1' ? 'stop_all' : 'next'));
    expect(all.taken).toEqual(['a1', 'b1', 'c1']);
  });

  it('stop when they are told, and do nothing with nothing', async () => {
    expect((await run(items, undefined, { stopAfter: 3 })).taken).toHaveLength(3);
    expect((await run([])).taken).toEqual([]);
  });
});
