import type { AdminProcess } from './admin-process.js';
import type { RouterProcess } from './router-process.js';
import type { World } from './world.js';

interface Processes {
  readonly routers: readonly RouterProcess[];
  readonly admins: readonly AdminProcess[];
}

const one = <T>(world: World, of: readonly T[]): T => of[Math.floor(world.random.between(0, of.length))] as T;

/** Plans what goes wrong in one run before `untilMs`. `enableAtMs`: when EnableZDR is called. */
export const planFaults = (
  world: World,
  { routers, admins }: Processes,
  enableAtMs: number,
  untilMs: number,
) => {
  const { random, timeline, weather } = world;
  const at = (low: number, high: number, run: () => void): void => {
    const atMs = random.between(low, high);
    if (atMs < untilMs) timeline.at(atMs, run);
  };
  const around = [Math.max(0, enableAtMs - 10_000), enableAtMs + 10_000] as const;
  if (random.chance(0.4)) {
    // Most telling shortly before: the router holds a fresh lease and hears nothing of the commit.
    at(Math.max(0, enableAtMs - 3000), enableAtMs + 500, () => {
      const router = one(world, routers);
      weather.cutOff.add(router.routerId);
      // Who hears nothing for six seconds gives the stream up.
      timeline.after(6000, () => weather.cutOff.has(router.routerId) && router.stream?.close());
      timeline.after(random.between(1000, 30_000), () => weather.cutOff.delete(router.routerId));
    });
  }
  if (random.chance(0.3)) at(...around, () => one(world, routers).crash(random.between(200, 5000)));
  const freezes = random.chance(0.3) ? 3 : 0;
  const asleep = random.chance(0.4);
  for (let n = 0; n < freezes; n += 1)
    at(...around, () => one(world, routers).freeze(random.between(100, 25_000), asleep));
  if (random.chance(0.3)) {
    at(...around, () => {
      one(world, routers).clocks.wallOffsetMs -= random.between(1000, 60_000);
    });
  }
  if (random.chance(0.3)) {
    at(enableAtMs, enableAtMs + 3000, () => one(world, admins).crash(random.between(200, 4000)));
  }
  if (random.chance(0.2)) {
    at(...around, () => {
      const router = one(world, routers);
      weather.mute.add(router.routerId);
      timeline.after(random.between(5000, 30_000), () => weather.mute.delete(router.routerId));
    });
  }
};

/** Ends every fault. */
export const heal = (world: World): void => {
  world.weather.lossShare = 0;
  world.weather.slowShare = 0;
  world.weather.cutOff.clear();
  world.weather.mute.clear();
  world.callFailureShare = 0;
};
