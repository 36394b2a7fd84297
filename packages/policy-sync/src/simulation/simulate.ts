import { AdminProcess } from './admin-process.js';
import { orgIds } from './config-database.js';
import { heal, planFaults } from './faults.js';
import { Stream } from './network.js';
import { RouterProcess } from './router-process.js';
import { type SimulationOptions, type SimulationOutcome, World } from './world.js';

const lengthMs = 60_000;
const routerCount = 3;
const tickMs = 250;
/** Long enough for the slowest message and freeze to be over before EnableZDR is called in liveness mode. */
const healedAfterMs = 40_000;

/** I3: when it returns, every router has applied the version, or its gate is closed. */
const checkBarrier = (world: World, routers: readonly RouterProcess[], version: bigint): void => {
  for (const router of routers) {
    if (router.gateOpen() && router.state.version < version) world.breach('I3');
  }
};

const startTraffic = (world: World, router: RouterProcess): void => {
  const { random, timeline } = world;
  const next = (): void => {
    const orgId = random.chance(0.8) ? orgIds[0] : orgIds[1];
    router.offer(orgId);
    timeline.after(random.between(20, 400), next);
  };
  timeline.after(random.between(0, 400), next);
};

const startTicks = (world: World, router: RouterProcess): void => {
  const next = (): void => {
    if (router.running) router.handle({ type: 'tick' });
    world.timeline.after(tickMs, next);
  };
  world.timeline.after(world.random.between(0, tickMs), next);
};

const assemble = (world: World) => {
  const { random, timeline, weather } = world;
  let streams = 0;
  const admins: AdminProcess[] = [];
  const connect = (router: RouterProcess): Stream | undefined => {
    const living = admins.filter(({ alive }) => alive);
    const admin = living[Math.floor(random.between(0, living.length))];
    if (admin === undefined || weather.cutOff.has(router.routerId)) return undefined;
    streams += 1;
    const id = `stream-${streams}`;
    const stream: Stream = new Stream(
      id,
      router.routerId,
      {
        toAdmin: (message) => admin.receive(id, message),
        toRouter: (message) => {
          if (router.stream === stream) router.receive(message);
        },
        closed: () => {
          admin.lostStream(id);
          if (router.stream === stream) router.lostStream();
        },
      },
      world,
    );
    admin.accept(stream);
    return stream;
  };
  const notify = (from: AdminProcess): void => {
    for (const admin of admins) {
      if (admin !== from && !random.chance(weather.lossShare))
        timeline.after(random.between(1, 80), () => admin.handle({ type: 'changed' }));
    }
  };
  for (let n = 0; n < 2; n += 1) admins.push(new AdminProcess(world, notify));
  const routers = Array.from(
    { length: routerCount },
    (_, n) => new RouterProcess(`router-${n}`, world, connect),
  );
  for (const admin of admins) admin.onReturn = (version) => checkBarrier(world, routers, version);
  return { admins, routers };
};

/** Calls EnableZDR at some replica, again and again until one has taken it up: a caller whose replica died. */
const callEnable = (world: World, admins: readonly AdminProcess[], orgId: string): void => {
  if (world.database.zdr.has(orgId)) return;
  admins.find(({ alive }) => alive)?.enable(orgId);
  world.timeline.after(2000, () => callEnable(world, admins, orgId));
};

/** Liveness: healed, it returned within its bound, and payload of everyone else is kept again. */
const checkLiveness = (world: World, routers: readonly RouterProcess[]): void => {
  if (!world.returnedMs.has(orgIds[0])) world.breach('I11');
  for (const router of routers) if (!router.gateOpen()) world.breach('gate stays closed');
};

/** One run of the whole protocol: three routers, two replicas, their faults, one seed. */
export const simulate = (options: SimulationOptions): SimulationOutcome => {
  const world = new World(options);
  const { random, timeline } = world;
  const { admins, routers } = assemble(world);
  for (const member of [...admins, ...routers]) member.boot();
  for (const router of routers) {
    startTraffic(world, router);
    startTicks(world, router);
  }
  for (let n = 0; n < 6; n += 1)
    timeline.at(random.between(0, lengthMs), () => world.database.bump(timeline.nowMs));
  const live = options.mode === 'liveness';
  const enableAtMs = random.between(4000, 15_000) + (live ? healedAfterMs : 0);
  planFaults(world, { routers, admins }, live ? 10_000 : enableAtMs, live ? 15_000 : lengthMs);
  if (live) timeline.at(15_000, () => heal(world));
  timeline.at(enableAtMs, () => callEnable(world, admins, orgIds[0]));
  timeline.runUntil(lengthMs + (live ? healedAfterMs : 0));
  if (live) checkLiveness(world, routers);
  for (const tookMs of world.enableMs) if (tookMs > world.enableMsBound) world.breach('I11');
  const { seed } = options;
  const { writes, lateWrites, enableMs, enableMsBound, acknowledged, lapsed, resumed, breaches, steps } =
    world;
  const leaseLapses = routers.reduce((total, { state }) => total + state.leaseLapses, 0);
  return {
    seed,
    writes,
    lateWrites,
    enableMs,
    enableMsBound,
    acknowledged,
    lapsed,
    resumed,
    leaseLapses,
    breaches,
    steps,
  };
};
