import { describe, expect, it } from '@jest/globals';
import { initialAdminState } from '../admin/initial.js';
import { adminStep } from '../admin/step.js';
import { initialRouterState } from '../router/initial.js';
import { routerStep } from '../router/step.js';
import { leaseTiming } from '../timing.js';
import type { Parts } from './parts.js';
import { simulate } from './simulate.js';
import { runSeeds } from './table.js';

interface Mutation {
  readonly patch: Partial<Parts>;
  readonly drift: number;
  readonly seedsMax: number;
  /** Which of its complaints count: 'late' stands for a write after return. */
  readonly caughtBy: readonly string[];
}

/** Each a mistake someone could make in one of the steps or in the driver around it. */
const mutations: Record<string, Mutation> = {
  'grantLate: the term counts from the receipt of the grant (R3)': {
    patch: {
      routerStep: (state, event) =>
        event.type === 'grant' && state.renewals.has(event.nonce)
          ? routerStep({ ...state, renewals: new Map(state.renewals).set(event.nonce, event.at) }, event)
          : routerStep(state, event),
    },
    drift: 0.1,
    seedsMax: 100,
    caughtBy: ['late', 'I2', 'I3', 'I4'],
  },
  'noDrift: no margin for clock rates (R3, A-4)': {
    patch: {
      routerState: () => initialRouterState(0),
      adminState: ({ leaseTtlMs }) => initialAdminState(leaseTiming(leaseTtlMs, 0)),
    },
    // Further apart than anyone expects, since it takes a slow router before a fast observer.
    drift: 0.3,
    seedsMax: 200,
    caughtBy: ['late', 'I3'],
  },
  'wallClock: the router looks at a clock that can be stepped (R3)': {
    patch: {
      reading: (clocks, nowMs) => {
        const uptimeMs = clocks.wallMs(nowMs);
        return { hrtimeNs: BigInt(Math.floor(uptimeMs * 1e6)), uptimeMs };
      },
    },
    drift: 0.1,
    seedsMax: 200,
    caughtBy: ['late', 'I3'],
  },
  'oneClock: the router does not look at the clock that counts through sleep (R3)': {
    patch: {
      reading: (clocks, nowMs) => {
        const { hrtimeNs } = clocks.reading(nowMs);
        return { hrtimeNs, uptimeMs: Number(hrtimeNs) / 1e6 };
      },
    },
    drift: 0.1,
    seedsMax: 200,
    caughtBy: ['late', 'I3'],
  },
  'forget: a replica counts only the routers it serves itself (A-4)': {
    patch: {
      adminStep: (state, event) => {
        if (event.type !== 'leases_read') return adminStep(state, event);
        const mine = new Set([...state.streams.values()].map(({ bootId, routerId }) => routerId + bootId));
        return adminStep(state, {
          ...event,
          rows: event.rows.filter(({ bootId, routerId }) => mine.has(routerId + bootId)),
        });
      },
    },
    drift: 0.1,
    seedsMax: 100,
    caughtBy: ['late', 'I3'],
  },
  'badClock: a lease is called lapsed after half of its term (A-4)': {
    patch: { adminState: (timing) => initialAdminState({ ...timing, lapseAfterMs: timing.leaseTtlMs / 2 }) },
    drift: 0.1,
    seedsMax: 200,
    caughtBy: ['late', 'I3'],
  },
  'slowBarrier: every grant prolongs the barrier (no A-3)': {
    patch: {
      adminStep: (state, event) =>
        event.type === 'leases_read'
          ? adminStep(state, {
              ...event,
              rows: event.rows.map((row) => ({ ...row, grantedVersion: row.firstVersion })),
            })
          : adminStep(state, event),
    },
    drift: 0.1,
    seedsMax: 300,
    caughtBy: ['I11'],
  },
  'noFlush: acknowledged with payload under way (R6)': {
    patch: {
      routerStep: (state, event) => {
        if (event.type !== 'policy') return routerStep(state, event);
        const [next, effects] = routerStep({ ...state, writes: new Map() }, event);
        return [{ ...next, writes: state.writes }, effects];
      },
    },
    drift: 0.1,
    seedsMax: 100,
    caughtBy: ['I7'],
  },
};

/** The first seed that shows a mutation, and how. */
const firstCaught = ({ patch, drift, seedsMax, caughtBy }: Mutation) => {
  for (let seed = 1; seed <= seedsMax; seed += 1) {
    const { lateWrites, breaches } = simulate({ seed, drift, mode: 'safety', parts: patch });
    const seen = [...(lateWrites > 0 ? ['late'] : []), ...breaches.keys()];
    if (seen.some((complaint) => caughtBy.includes(complaint))) return { seed, seen };
  }
  return undefined;
};

describe('the simulator catches', () => {
  it.each(Object.entries(mutations))(
    '%s',
    (name, mutation) => {
      const caught = firstCaught(mutation);
      if (process.env.LETHE_LONG === '1')
        process.stderr.write(`${name}: seed ${caught?.seed}, ${caught?.seen.join(', ')}\n`);
      expect(caught).toBeDefined();
    },
    120_000,
  );

  it('none of it in the product itself, with the same seeds', () => {
    const row = runSeeds(30, { drift: 0.1, mode: 'safety' });
    expect([row.lateWrites, [...row.breaches]]).toEqual([0, []]);
  }, 120_000);
});
