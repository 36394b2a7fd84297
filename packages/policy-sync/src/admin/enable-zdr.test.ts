import { describe, expect, it } from '@jest/globals';
import { AdminBench, row } from './admin-bench.contract.js';

const acked = row('router-1', { ackedVersion: 6n });

describe('EnableZDR', () => {
  it('commits, seals accounting, tells every router, waits, appends to the audit log, confirms, answers: in this order', () => {
    const bench = new AdminBench().joined('1');
    expect(bench.names({ type: 'enable_zdr', orgId: 'a', requestId: 'request-1' })).toEqual(['commit_zdr']);
    expect(bench.names({ type: 'zdr_committed', orgId: 'a', version: 6n, effective: false })).toEqual([
      'seal_org',
      'load_policy',
      'read_leases',
    ]);
    expect(bench.loaded(6, ['a'])).toEqual([{ type: 'push', streamId: '1', fromVersion: 5n, version: 6n }]);
    expect(bench.read([acked])).toEqual([]);
    expect(bench.done('seal').map(({ type }) => type)).toEqual(['append_audit']);
    expect(bench.done('audit').map(({ type }) => type)).toEqual(['confirm_zdr']);
    bench.nowMs += 7;
    expect(bench.done('confirm')).toEqual([
      {
        type: 'answer',
        requestId: 'request-1',
        orgId: 'a',
        answer: 'effective',
        version: 6n,
        evidence: {
          acknowledged: [{ routerId: 'router-1', bootId: 'boot-1', afterMs: 0 }],
          lapsed: [],
          tookMs: 0,
        },
      },
    ]);
    expect(bench.state.enablings.size).toBe(0);
  });

  it('is not confirmed without the barrier, nor without the sealing', () => {
    const unsealed = new AdminBench().joined('1').committed();
    expect(unsealed.read([acked])).toEqual([]);
    const unacknowledged = new AdminBench().joined('1').committed();
    unacknowledged.read([row('router-1')]);
    expect(unacknowledged.done('seal')).toEqual([]);
  });

  it('fifty calls at once: one transaction, the same answer', () => {
    const bench = new AdminBench();
    const effects = Array.from({ length: 50 }, (_, n) =>
      bench.do({ type: 'enable_zdr', orgId: 'a', requestId: `request-${n}` }),
    ).flat();
    expect(effects.map(({ type }) => type)).toEqual(['commit_zdr']);
    bench.do({ type: 'zdr_committed', orgId: 'a', version: 6n, effective: false });
    bench.read([]);
    bench.done('seal');
    bench.done('audit');
    const answers = bench.done('confirm');
    expect(new Set(answers.map((effect) => 'answer' in effect && effect.answer))).toEqual(
      new Set(['effective']),
    );
    expect(answers).toHaveLength(50);
  });

  it('called again when it is effective: the same answer, and nothing is done', () => {
    const bench = new AdminBench();
    bench.do({ type: 'enable_zdr', orgId: 'a', requestId: 'again' });
    const effects = bench.do({ type: 'zdr_committed', orgId: 'a', version: 6n, effective: true });
    expect(effects).toMatchObject([{ type: 'answer', requestId: 'again', answer: 'effective', version: 6n }]);
  });

  it('refused by the database: nothing was changed, and it says so', () => {
    const bench = new AdminBench();
    bench.do({ type: 'enable_zdr', orgId: 'a', requestId: 'r' });
    expect(bench.do({ type: 'zdr_refused', orgId: 'a' })).toMatchObject([{ answer: 'refused' }]);
    expect(bench.state.enablings.size).toBe(0);
  });

  it.each(['seal', 'audit', 'confirm'] as const)('%s fails: repeated until it succeeds', (call) => {
    const bench = new AdminBench().committed();
    bench.read([]);
    for (const before of (['seal', 'audit', 'confirm'] as const).slice(
      0,
      ['seal', 'audit', 'confirm'].indexOf(call),
    ))
      bench.done(before);
    const effect = { seal: 'seal_org', audit: 'append_audit', confirm: 'confirm_zdr' }[call];
    bench.do({ type: 'call_failed', orgId: 'a', call });
    bench.nowMs += 249;
    expect(bench.names({ type: 'tick' })).not.toContain(effect);
    bench.nowMs += 1;
    expect(bench.names({ type: 'tick' })).toContain(effect);
    expect(bench.names({ type: 'tick' })).not.toContain(effect);
  });

  it('after 15 s: committed, pending, and it goes on', () => {
    const bench = new AdminBench().committed();
    bench.nowMs += 14_999;
    expect(bench.names({ type: 'tick' })).not.toContain('answer');
    bench.nowMs += 1;
    expect(bench.do({ type: 'tick' })).toContainEqual(
      expect.objectContaining({ type: 'answer', answer: 'committed_pending', version: 6n }),
    );
    bench.read([]);
    expect(bench.done('seal').map(({ type }) => type)).toEqual(['append_audit']);
  });

  it('a database that does not answer: unavailable after 15 s, and nothing is left waiting', () => {
    const bench = new AdminBench();
    bench.do({ type: 'enable_zdr', orgId: 'a', requestId: 'r' });
    bench.do({ type: 'call_failed', orgId: 'a', call: 'commit' });
    bench.nowMs += 15_000;
    expect(bench.do({ type: 'tick' })).toContainEqual(
      expect.objectContaining({ type: 'answer', answer: 'unavailable', version: undefined }),
    );
    expect(bench.state.enablings.size).toBe(0);
  });

  it('any replica resumes it from the rows alone, wherever the first one died', () => {
    const second = new AdminBench();
    expect(second.names({ type: 'pending_found', orgId: 'a', version: 6n })).toEqual([
      'seal_org',
      'load_policy',
      'read_leases',
    ]);
    expect(second.do({ type: 'pending_found', orgId: 'a', version: 6n })).toEqual([]);
    second.read([acked]);
    second.done('seal');
    expect(second.done('audit').map(({ type }) => type)).toEqual(['confirm_zdr']);
    expect(second.done('confirm')).toEqual([]);
  });

  it('has no event that takes it back', () => {
    const bench = new AdminBench().committed();
    bench.do({ type: 'zdr_refused', orgId: 'a' });
    expect(bench.state.enablings.get('a')?.version).toBe(6n);
  });
});
