import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { gateOpen } from './gate.js';
import { at, Bench, change, entry } from './router-bench.contract.js';

const orgs = ['a', 'b', 'c'];

/** What must be true, kept in the simplest way: in real time, with both clocks at rate one. */
interface Model {
  nowMs: number;
  version: number;
  zdr: Set<string>;
  believed: Set<string>;
  boot: number;
  underWay: Map<string, string[]>;
  sentMs: Map<bigint, number>;
  leaseUntilMs: number;
  writes: number;
}

type Command = fc.Command<Model, Bench>;

const names = (effects: Bench['effects']): string[] => effects.map(({ type }) => type);

/** After every command: I1, I7, and that the gate never outlives what the model grants it. */
const checked = (model: Model, bench: Bench): void => {
  for (const orgId of model.believed) expect(bench.state.zdrOrgIds.has(orgId)).toBe(true);
  for (const effect of bench.effects) {
    if (effect.type === 'renew') model.sentMs.set(effect.nonce, model.nowMs);
    if (effect.type === 'reset_payload') model.underWay.clear();
    if (effect.type === 'ack') {
      const members = [...model.underWay.values()].flat().filter((orgId) => model.believed.has(orgId));
      expect(members).toEqual([]);
    }
  }
  if (model.nowMs >= model.leaseUntilMs) expect(gateOpen(bench.state, at(model.nowMs))).toBe(false);
};

const command = (name: string, run: (model: Model, bench: Bench) => void): Command => ({
  check: () => true,
  run: (model, bench) => {
    run(model, bench);
    checked(model, bench);
    // A driver that is told to take a new boot id does so at once.
    if (!names(bench.effects).includes('new_boot')) return;
    model.boot += 1;
    bench.do({ type: 'disconnected', at: at(model.nowMs) });
    bench.do({ type: 'connected', bootId: `boot-${model.boot}`, at: at(model.nowMs) });
    checked(model, bench);
  },
  toString: () => name,
});

const commands = fc.commands(
  [
    fc.nat(9000).map((ms) =>
      command(`wait ${ms}`, (model, bench) => {
        model.nowMs += ms;
        bench.do({ type: 'tick', at: at(model.nowMs) });
      }),
    ),
    fc.nat(4000).map((ms) =>
      command(`freeze ${ms}`, (model) => {
        model.nowMs += ms;
      }),
    ),
    fc.constantFrom(...orgs).map((orgId) =>
      command(`zdr ${orgId}`, (model, bench) => {
        const from = model.version;
        model.version += 1;
        model.zdr.add(orgId);
        const next = change(model.version, { orgs, zdr: [...model.zdr] }, from);
        bench.do({ type: 'policy', change: next, at: at(model.nowMs) });
        model.believed.add(orgId);
      }),
    ),
    fc.boolean().map((whole) =>
      command(`restored ${whole}`, (model, bench) => {
        const wrong = change(model.version + 1, { orgs, zdr: [] }, whole ? undefined : model.version);
        bench.do({ type: 'policy', change: wrong, at: at(model.nowMs) });
        if (model.believed.size === 0) model.version += 1;
      }),
    ),
    fc.constant(
      command('snapshot', (model, bench) => {
        const whole = change(model.version, { orgs, zdr: [...model.zdr] });
        bench.do({ type: 'policy', change: whole, at: at(model.nowMs) });
        for (const orgId of model.zdr) model.believed.add(orgId);
      }),
    ),
    fc.constant(
      command('lost delta', (model) => {
        model.version += 1;
      }),
    ),
    fc.nat(3).map((back) =>
      command(`grant ${back}`, (model, bench) => {
        const nonce = bench.state.nonce - BigInt(back);
        const sent = model.sentMs.get(nonce);
        if (sent !== undefined) model.leaseUntilMs = Math.max(model.leaseUntilMs, sent + 8500);
        const version = BigInt(model.version);
        bench.do({ type: 'grant', nonce, ttlMs: 10_000, version, at: at(model.nowMs) });
      }),
    ),
    fc.subarray(orgs, { minLength: 1 }).map((orgIds) =>
      command(`write ${orgIds}`, (model, bench) => {
        model.writes += 1;
        const writeId = `w-${model.writes}`;
        const wrote = bench.do({ type: 'write', writeId, entries: orgIds.map(entry), at: at(model.nowMs) });
        for (const effect of wrote) {
          if (effect.type !== 'write') continue;
          const written = effect.entries.map(({ orgId }) => orgId);
          expect(written.filter((orgId) => model.believed.has(orgId))).toEqual([]);
          expect(model.nowMs).toBeLessThan(model.leaseUntilMs);
          if (!names(wrote).includes('new_boot')) model.underWay.set(writeId, written);
        }
      }),
    ),
    fc.nat(5).map((n) =>
      command(`outcome ${n}`, (model, bench) => {
        const writeId = [...model.underWay.keys()][n];
        if (writeId === undefined) return;
        model.underWay.delete(writeId);
        bench.do({ type: 'written', writeId, at: at(model.nowMs) });
      }),
    ),
    fc.boolean().map((rebooted) =>
      command(`reconnect ${rebooted}`, (model, bench) => {
        bench.do({ type: 'disconnected', at: at(model.nowMs) });
        if (rebooted) {
          model.boot += 1;
          model.underWay.clear();
        }
        bench.do({ type: 'connected', bootId: `boot-${model.boot}`, at: at(model.nowMs) });
      }),
    ),
  ],
  { maxCommands: 60 },
);

const fresh = (bench: Bench) => ({
  model: {
    nowMs: 20,
    version: 5,
    zdr: new Set<string>(),
    believed: new Set<string>(),
    boot: 1,
    underWay: new Map(),
    sentMs: new Map([[1n, 0]]),
    leaseUntilMs: 8500,
    writes: 0,
  } satisfies Model,
  real: bench,
});

const runs = process.env.LETHE_LONG === '1' ? 20_000 : 1000;

describe('the router under any order of events', () => {
  it('never forgets a member (I1), never writes for one or without a lease (I4), never acknowledges too early (I7)', () => {
    fc.assert(
      fc.property(commands, (list) => fc.modelRun(() => fresh(new Bench().open({ orgs })), list)),
      { numRuns: runs },
    );
  }, 600_000);

  it('would notice a router that acknowledges with payload under way', () => {
    class Hasty extends Bench {
      override do(event: Parameters<Bench['do']>[0]) {
        if (event.type !== 'policy') return super.do(event);
        const { writes } = this.state;
        this.state = { ...this.state, writes: new Map() };
        const effects = super.do(event);
        this.state = { ...this.state, writes };
        return effects;
      }
    }
    expect(() =>
      fc.assert(
        fc.property(commands, (list) => fc.modelRun(() => fresh(new Hasty().open({ orgs })), list)),
        { numRuns: 3000, seed: 1 },
      ),
    ).toThrow();
  }, 600_000);
});
