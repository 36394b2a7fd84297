import { describe, expect, it } from '@jest/globals';
import { AdminBench, row } from './admin-bench.contract.js';

describe('A-1: what was committed is passed on in version order', () => {
  it('a snapshot first, then deltas without a gap, to every stream', () => {
    const bench = new AdminBench();
    bench.do({ type: 'hello', streamId: 's', routerId: 'r', bootId: 'b', haveVersion: 0n });
    expect(bench.loaded(5)).toEqual([{ type: 'push', streamId: 's', fromVersion: undefined, version: 5n }]);
    expect(bench.loaded(8)).toEqual([{ type: 'push', streamId: 's', fromVersion: 5n, version: 8n }]);
    expect(bench.loaded(8)).toEqual([]);
  });

  it('a router gets nothing from a reading that began before it came', () => {
    const bench = new AdminBench();
    bench.do({ type: 'changed' });
    bench.do({ type: 'hello', streamId: 's', routerId: 'r', bootId: 'b', haveVersion: 7n });
    expect(bench.do({ type: 'policy_loaded', loadId: 1, version: 5n, zdrOrgIds: [] })).toEqual([
      { type: 'load_policy', loadId: 2 },
    ]);
    expect(bench.do({ type: 'policy_loaded', loadId: 2, version: 7n, zdrOrgIds: [] })).toEqual([
      { type: 'push', streamId: 's', fromVersion: undefined, version: 7n },
    ]);
  });

  it('one reading at a time: however often it is asked for meanwhile, one more follows', () => {
    const bench = new AdminBench();
    expect(bench.names({ type: 'changed' })).toEqual(['load_policy']);
    for (let n = 0; n < 5; n += 1) expect(bench.names({ type: 'changed' })).toEqual([]);
    expect(bench.names({ type: 'policy_loaded', loadId: 1, version: 5n, zdrOrgIds: [] })).toEqual([
      'load_policy',
    ]);
    expect(bench.names({ type: 'policy_loaded', loadId: 1, version: 4n, zdrOrgIds: [] })).toEqual([]);
    expect(bench.names({ type: 'policy_loaded', loadId: 2, version: 6n, zdrOrgIds: [] })).toEqual([]);
    expect([bench.state.version, bench.state.guard]).toEqual([6n, undefined]);
  });

  it('a reading that failed is asked for again', () => {
    const bench = new AdminBench();
    bench.do({ type: 'changed' });
    expect(bench.do({ type: 'load_failed', loadId: 1 })).toEqual([]);
    expect(bench.names({ type: 'tick' })).toEqual(['load_policy', 'read_leases']);
    bench.nowMs += 3000;
    expect(bench.names({ type: 'tick' })).toEqual([]);
    bench.do({ type: 'read_failed', readId: 1 });
    expect(bench.names({ type: 'tick' })).toEqual(['read_leases']);
  });
});

describe('A-2: a grant is a transaction, and is sent after what it carries', () => {
  it('nothing is granted before the transaction committed', () => {
    const bench = new AdminBench().joined('s');
    expect(bench.do({ type: 'renew', streamId: 's', nonce: 4n })).toEqual([
      { type: 'grant_transaction', streamId: 's', routerId: 'router-s', bootId: 'boot-1', nonce: 4n },
    ]);
    expect(bench.do({ type: 'grant_committed', streamId: 's', nonce: 4n, version: 5n })).toEqual([
      { type: 'grant', streamId: 's', nonce: 4n, ttlMs: 10_000, version: 5n },
    ]);
  });

  it('a grant that is ahead of the stream waits for the delta', () => {
    const bench = new AdminBench().joined('s');
    expect(bench.names({ type: 'grant_committed', streamId: 's', nonce: 4n, version: 6n })).toEqual([
      'load_policy',
    ]);
    expect(bench.loaded(6).map(({ type }) => type)).toEqual(['push', 'grant']);
  });

  it('a nonce that the row has seen is refused: the router was set back', () => {
    const bench = new AdminBench().joined('s');
    expect(bench.do({ type: 'grant_refused', streamId: 's' })).toEqual([
      { type: 'cut', streamId: 's', code: 'nonce_reused' },
    ]);
  });

  it('a stream that said no hello gets nothing', () => {
    expect(new AdminBench().names({ type: 'renew', streamId: 's', nonce: 1n })).toEqual(['cut']);
    expect(new AdminBench().names({ type: 'ack', streamId: 's', version: 1n })).toEqual(['cut']);
  });
});

describe('the barrier', () => {
  it('without routers there is nothing to wait for', () => {
    const bench = new AdminBench().committed();
    bench.read([]);
    expect(bench.waits).toBe(false);
  });

  it('waits for each router that may hold an older grant, and no longer', () => {
    const bench = new AdminBench().joined('1').joined('2').committed();
    bench.read([row('router-1'), row('router-2'), row('new', { firstVersion: 6n, grantedVersion: 6n })]);
    expect(bench.waits).toBe(true);
    bench.read([row('router-1', { ackedVersion: 6n }), row('router-2')]);
    expect(bench.waits).toBe(true);
    bench.read([row('router-1', { ackedVersion: 6n }), row('router-2', { released: true })]);
    expect(bench.waits).toBe(false);
  });

  it('a reading that began before the commit does not count', () => {
    const bench = new AdminBench();
    bench.do({ type: 'tick' });
    const before = bench.state.reads;
    bench.committed();
    bench.do({ type: 'leases_read', readId: before, rows: [] });
    expect(bench.waits).toBe(true);
  });

  it('an acknowledgement of an older version is none', () => {
    const bench = new AdminBench().joined('1').committed();
    bench.read([row('router-1', { ackedVersion: 5n })]);
    expect(bench.waits).toBe(true);
  });

  it('A-3: grants that carry the version never prolong it', () => {
    const bench = new AdminBench().joined('1').committed();
    for (let n = 0; n <= 11; n += 1) {
      bench.read([row('router-1', { grantedVersion: 6n, renewals: BigInt(10 + n) })]);
      bench.nowMs += 1000;
    }
    expect(bench.waits).toBe(false);
  });

  it('A-3: a renewal under an older version, which the database should not show, does prolong it', () => {
    const bench = new AdminBench().joined('1').committed();
    for (let n = 0; n <= 11; n += 1) {
      bench.read([row('router-1', { renewals: BigInt(10 + n) })]);
      bench.nowMs += 1000;
    }
    expect(bench.waits).toBe(true);
  });

  it('A-4: a lease is lapsed after L(1+rho) of observation, on the observer\u2019s own clock', () => {
    const bench = new AdminBench().joined('1').committed();
    bench.nowMs += 5;
    bench.read([row('router-1')]);
    bench.nowMs += 10_999;
    bench.read([row('router-1')]);
    expect(bench.waits).toBe(true);
    bench.nowMs += 1;
    bench.read([row('router-1')]);
    expect(bench.state.enablings.get('a')?.evidence).toEqual({
      acknowledged: [],
      lapsed: [{ routerId: 'router-1', bootId: 'boot-1', afterMs: 11_005 }],
      tookMs: 11_005,
    });
  });

  it('A-4: another replica, or this one started anew, begins to observe anew', () => {
    const first = new AdminBench().committed();
    first.read([row('router-1')]);
    const second = new AdminBench();
    second.nowMs = 500_000;
    second.do({ type: 'pending_found', orgId: 'a', version: 6n });
    second.read([row('router-1')]);
    second.nowMs += 10_999;
    second.read([row('router-1')]);
    expect(second.waits).toBe(true);
    second.nowMs += 1;
    second.read([row('router-1')]);
    expect(second.waits).toBe(false);
  });

  it('rows of routers that are gone are removed in time, so that the next barrier need not wait for them', () => {
    const bench = new AdminBench();
    bench.do({ type: 'tick' });
    expect(bench.read([row('dead'), row('alive')])).toEqual([]);
    bench.nowMs += 11_000;
    expect(bench.read([row('dead'), row('alive', { renewals: 13n })])).toEqual([
      { type: 'forget_lease', routerId: 'dead', bootId: 'boot-1', renewals: 10n },
    ]);
  });

  it('a router that is late is told again', () => {
    const bench = new AdminBench().joined('1').committed();
    bench.read([row('router-1')]);
    bench.nowMs += 3100;
    expect(bench.do({ type: 'tick' })).toContainEqual({
      type: 'push',
      streamId: '1',
      fromVersion: undefined,
      version: 6n,
    });
  });
});

describe('acknowledgements', () => {
  it('are written to the row', () => {
    const bench = new AdminBench().joined('s');
    expect(bench.do({ type: 'ack', streamId: 's', version: 5n })).toEqual([
      { type: 'record_ack', routerId: 'router-s', bootId: 'boot-1', version: 5n },
    ]);
  });

  it('of a version that was not delivered are worth nothing', () => {
    const bench = new AdminBench().joined('s');
    expect(bench.do({ type: 'ack', streamId: 's', version: 6n })).toEqual([]);
  });

  it('a router that refuses is sent the whole; one that keeps refusing is cut off', () => {
    const bench = new AdminBench().joined('s');
    for (let n = 0; n < 3; n += 1) {
      expect(bench.names({ type: 'nack', streamId: 's', reason: 'gap' })).toEqual(['load_policy']);
      expect(bench.loaded(5)).toEqual([{ type: 'push', streamId: 's', fromVersion: undefined, version: 5n }]);
    }
    expect(bench.names({ type: 'nack', streamId: 's', reason: 'gap' })).toEqual(['cut']);
  });
});

describe('the rollback guard stops every grant', () => {
  const granted = (bench: AdminBench) => [
    ...bench.names({ type: 'renew', streamId: 's', nonce: 9n }),
    ...bench.names({ type: 'grant_committed', streamId: 's', nonce: 9n, version: 5n }),
  ];

  it.each([
    ['database_behind', (bench: AdminBench) => bench.loaded(4)],
    ['zdr_forgotten', (bench: AdminBench) => bench.loaded(6)],
    [
      'router_ahead',
      (bench: AdminBench) => {
        bench.do({ type: 'hello', streamId: 'u', routerId: 'r', bootId: 'b', haveVersion: 99n });
        return bench.loaded(5, ['z']);
      },
    ],
    [
      'router_remembers',
      (bench: AdminBench) => bench.do({ type: 'nack', streamId: 't', reason: 'zdr_regression' }),
    ],
    ['anchors_ahead', (bench: AdminBench) => bench.do({ type: 'guard_found', guard: 'anchors_ahead' })],
  ] as const)('%s', (guard, cause) => {
    const bench = new AdminBench();
    bench.do({ type: 'hello', streamId: 's', routerId: 'r', bootId: 'b', haveVersion: 0n });
    bench.do({ type: 'hello', streamId: 't', routerId: 'q', bootId: 'b', haveVersion: 0n });
    bench.loaded(5, ['z']);
    expect(granted(bench)).toEqual(['grant_transaction', 'grant']);
    expect(cause(bench)).toContainEqual({ type: 'raise', guard });
    expect(granted(bench)).toEqual([]);
    bench.do({ type: 'repaired' });
    expect(granted(bench)).toEqual(['grant_transaction', 'grant']);
  });

  it('and no EnableZDR is confirmed meanwhile', () => {
    const bench = new AdminBench().committed();
    bench.done('seal');
    bench.loaded(5);
    expect(bench.read([])).toEqual([]);
    bench.do({ type: 'repaired' });
    expect(bench.names({ type: 'tick' })).toContain('append_audit');
  });
});
