import { describe, expect, it } from '@jest/globals';
import { gateOpen, mayCapture } from './gate.js';
import { at, Bench, change, entry } from './router-bench.contract.js';

const open = () => new Bench().open();

describe('R1: denied by default', () => {
  it('everything in place: allowed (the control of the rest)', () => {
    expect(mayCapture(open().state, at(100), entry('a'))).toBe(true);
    expect(open().write('w', ['a', 'b'], at(100))).toEqual(['a', 'b']);
  });

  it.each([
    ['never connected', new Bench(), entry('a')],
    ['unknown organization', open(), entry('x')],
    ['unknown key', open(), { ...entry('a'), apiKeyId: 'k-x' }],
    ['key of another organization', open(), { ...entry('a'), apiKeyId: 'k-b' }],
    ['ZDR', new Bench().open({ zdr: ['a'], logging: ['a'] }), entry('a')],
    ['key that does not log', new Bench().open({ logging: ['b'], sealing: ['a', 'b'] }), entry('a')],
    ['no sealing key', new Bench().open({ sealing: ['b'] }), entry('a')],
    ['sealed to another key', open(), { ...entry('a'), sealingKeyId: 's-old' }],
  ])('%s: refused', (_name, bench, subject) => {
    const effects = bench.do({ type: 'write', writeId: 'w', entries: [subject], at: at(100) });
    expect(effects.map(({ type }) => type)).toEqual(['withhold']);
  });

  it('no grant, a gap, a malformed message: the gate is closed', () => {
    const ungranted = new Bench();
    ungranted.do({ type: 'connected', bootId: 'boot-1', at: at(0) });
    ungranted.do({ type: 'policy', change: change(5), at: at(10) });
    expect(gateOpen(ungranted.state, at(20))).toBe(false);
    const gap = open();
    expect(gap.names({ type: 'policy', change: change(8, {}, 7), at: at(30) })).toEqual(['nack']);
    expect(gateOpen(gap.state, at(31))).toBe(false);
    const malformed = open();
    expect(malformed.names({ type: 'malformed', at: at(30) })).toEqual(['nack']);
    expect(gateOpen(malformed.state, at(31))).toBe(false);
  });

  it('after a gap only a whole snapshot and a grant asked for afterwards open it again', () => {
    const bench = open();
    bench.do({ type: 'tick', at: at(3100) });
    bench.do({ type: 'policy', change: change(8, {}, 7), at: at(3200) });
    bench.grant(3300);
    expect(gateOpen(bench.state, at(3400))).toBe(false);
    expect(bench.names({ type: 'policy', change: change(8), at: at(3500) })).toEqual(['applied', 'ack']);
    expect(gateOpen(bench.state, at(3600))).toBe(false);
    expect(bench.names({ type: 'tick', at: at(3700) })).toEqual(['renew']);
    bench.grant(3800);
    expect(gateOpen(bench.state, at(3900))).toBe(true);
  });
});

describe('R2: ZDR is sticky', () => {
  it.each([
    ['a delta that says otherwise', () => change(7, { zdr: [] }, 6)],
    ['a snapshot that says otherwise', () => change(7, { zdr: [] })],
    ['a snapshot that leaves the organization out', () => change(7, { orgs: ['b'] })],
    ['a snapshot of an older version', () => change(4, { zdr: ['a'] })],
  ])('%s: refused, counted, the gate closed', (_name, message) => {
    const bench = open();
    bench.do({ type: 'policy', change: change(6, { zdr: ['a'] }, 5), at: at(30) });
    const effects = bench.do({ type: 'policy', change: message(), at: at(40) });
    expect(effects).toContainEqual({ type: 'nack', version: 6n, reason: 'zdr_regression' });
    expect(bench.state.zdrRegressions).toBe(1);
    expect([...bench.state.zdrOrgIds]).toEqual(['a']);
    expect(gateOpen(bench.state, at(41))).toBe(false);
    expect(bench.state.version).toBe(6n);
  });

  it('a message that says both is refused, and its member is learned', () => {
    const bench = open();
    const both = { ...change(6, {}, 5), zdrOrgIds: ['a'] };
    bench.do({ type: 'policy', change: both, at: at(30) });
    expect(bench.state.zdrOrgIds.has('a')).toBe(true);
    expect(gateOpen(bench.state, at(31))).toBe(false);
  });

  it('survives a new boot id and stays through everything that heals', () => {
    const bench = open();
    bench.do({ type: 'policy', change: change(6, { zdr: ['a'] }, 5), at: at(30) });
    bench.do({ type: 'disconnected', at: at(40) });
    bench.do({ type: 'connected', bootId: 'boot-2', at: at(50) });
    bench.do({ type: 'policy', change: change(9, { zdr: ['a'] }), at: at(60) });
    bench.grant(70);
    expect(bench.write('w', ['a', 'b'], at(80))).toEqual(['b']);
  });
});

describe('R3: the deadline counts from the sending of the renewal, on two clocks', () => {
  it('ends 8.5 s after the send, however late the grant came', () => {
    const bench = new Bench();
    bench.do({ type: 'connected', bootId: 'boot-1', at: at(0) });
    bench.do({ type: 'policy', change: change(5), at: at(10) });
    bench.grant(8000);
    expect(gateOpen(bench.state, at(8499))).toBe(true);
    expect(gateOpen(bench.state, at(8500))).toBe(false);
  });

  it('the first grant tells how long a term is, and by that the next renewal is due', () => {
    const bench = new Bench();
    bench.do({ type: 'connected', bootId: 'boot-1', at: at(0) });
    bench.do({ type: 'policy', change: change(5), at: at(10) });
    bench.grant(20, 5, 1000);
    expect(bench.names({ type: 'tick', at: at(299) })).toEqual([]);
    expect(bench.names({ type: 'tick', at: at(300) })).toEqual(['renew']);
    expect(gateOpen(bench.state, at(300))).toBe(true);
  });

  it('open only if both clocks say so', () => {
    const { state } = open();
    expect(gateOpen(state, at(1000, 1000))).toBe(true);
    expect(gateOpen(state, at(1000, 9000))).toBe(false);
    expect(gateOpen(state, at(9000, 1000))).toBe(false);
    expect(gateOpen(state, at(1000, Number.NaN))).toBe(false);
  });

  it('a grant that comes after its own term, for an unknown renewal, or of a strange term opens nothing', () => {
    for (const [nonce, ttlMs, ms] of [
      [1n, 10_000, 8600],
      [2n, 10_000, 100],
      [1n, 0, 100],
      [1n, 1e9, 100],
      [1n, Number.NaN, 100],
    ] as const) {
      const bench = new Bench();
      bench.do({ type: 'connected', bootId: 'boot-1', at: at(0) });
      bench.do({ type: 'policy', change: change(5), at: at(10) });
      bench.do({ type: 'grant', nonce, ttlMs, version: 5n, at: at(ms) });
      expect([nonce, ttlMs, gateOpen(bench.state, at(ms + 1))]).toEqual([nonce, ttlMs, false]);
    }
  });

  it('learns first: a grant under a version not applied is a gap, not a lease', () => {
    const bench = new Bench();
    bench.do({ type: 'connected', bootId: 'boot-1', at: at(0) });
    bench.do({ type: 'policy', change: change(5), at: at(10) });
    expect(bench.grant(20, 6)).toEqual(['nack']);
    expect(gateOpen(bench.state, at(30))).toBe(false);
  });

  it('a grant is used once, and none from before a reconnection counts', () => {
    const bench = open();
    const lease = bench.state.lease;
    bench.grant(5000);
    expect(bench.state.lease).toEqual(lease);
    bench.do({ type: 'tick', at: at(5100) });
    bench.do({ type: 'disconnected', at: at(5200) });
    bench.do({ type: 'connected', bootId: 'boot-1', at: at(5300) });
    bench.do({ type: 'grant', nonce: 2n, ttlMs: 10_000, version: 5n, at: at(5400) });
    expect(bench.state.lease).toEqual(lease);
  });
});

describe('R4: checked in the step that writes', () => {
  it('a batch is rebuilt without what is no longer allowed', () => {
    const bench = open();
    bench.do({ type: 'policy', change: change(6, { zdr: ['a'] }, 5), at: at(30) });
    const effects = bench.do({ type: 'write', writeId: 'w', entries: [entry('a'), entry('b')], at: at(40) });
    expect(effects).toEqual([
      { type: 'withhold', writeId: 'w', entries: [entry('a')] },
      { type: 'write', writeId: 'w', entries: [entry('b')] },
    ]);
  });

  it('every attempt is a check of its own', () => {
    const bench = open();
    expect(bench.write('first try', ['a'], at(8400))).toEqual(['a']);
    bench.do({ type: 'written', writeId: 'first try', at: at(8450) });
    expect(bench.write('second try', ['a'], at(8600))).toEqual([]);
  });
});

it('R5: the gate may change between the beginning and the end of a request, and the later answer is the stricter', () => {
  const bench = open();
  expect(mayCapture(bench.state, at(100), entry('a'))).toBe(true);
  bench.do({ type: 'policy', change: change(6, { zdr: ['a'] }, 5), at: at(200) });
  expect(mayCapture(bench.state, at(300), entry('a'))).toBe(false);
  expect(mayCapture(bench.state, at(300), entry('b'))).toBe(true);
});

describe('R6: acknowledged only at quiescence', () => {
  const zdr = { type: 'policy', change: change(6, { zdr: ['a'] }, 5), at: at(200) } as const;

  it('nothing under way: applied, what waits revoked, acknowledged', () => {
    expect(open().do(zdr)).toEqual([
      { type: 'applied', version: 6n },
      { type: 'revoke', orgIds: ['a'] },
      { type: 'ack', version: 6n },
    ]);
  });

  it('acknowledged when the last outcome of that organization is known, not before', () => {
    const bench = open();
    bench.write('one', ['a'], at(100));
    bench.write('two', ['a', 'b'], at(110));
    bench.write('three', ['b'], at(120));
    expect(bench.names(zdr)).toEqual(['applied', 'revoke']);
    expect(bench.names({ type: 'written', writeId: 'one', at: at(300) })).toEqual([]);
    expect(bench.names({ type: 'written', writeId: 'two', at: at(400) })).toEqual(['ack']);
  });

  it('after the flush timeout: connections reset, no acknowledgement, a new boot id', () => {
    const bench = open();
    bench.write('one', ['a'], at(100));
    bench.do(zdr);
    expect(bench.names({ type: 'tick', at: at(2199) })).toEqual([]);
    expect(bench.names({ type: 'tick', at: at(2201) })).toEqual(['revoke', 'reset_payload', 'new_boot']);
    expect(gateOpen(bench.state, at(2202))).toBe(false);
    expect(bench.names({ type: 'written', writeId: 'one', at: at(2300) })).toEqual([]);
    bench.do({ type: 'disconnected', at: at(2400) });
    expect(bench.names({ type: 'connected', bootId: 'boot-1', at: at(2500) })).toEqual(['hello', 'renew']);
    expect(bench.grant(2600)).toEqual([]);
    expect(gateOpen(bench.state, at(2700))).toBe(false);
    bench.do({ type: 'disconnected', at: at(2800) });
    expect(bench.names({ type: 'connected', bootId: 'boot-2', at: at(2900) })).toEqual([
      'hello',
      'ack',
      'renew',
    ]);
  });

  it('acknowledges again on a repeated delta and after a reconnection', () => {
    const bench = open();
    bench.do(zdr);
    expect(bench.names(zdr)).toEqual(['ack']);
    bench.do({ type: 'disconnected', at: at(300) });
    expect(bench.names({ type: 'connected', bootId: 'boot-1', at: at(400) })).toEqual([
      'hello',
      'ack',
      'renew',
    ]);
  });
});

describe('R7: on lapse', () => {
  it('what waits is dropped, connections are reset, telemetry is not spoken of; the next grant recovers', () => {
    const bench = open();
    expect(bench.names({ type: 'tick', at: at(8501) })).toEqual(['revoke', 'reset_payload', 'renew']);
    expect(bench.state.leaseLapses).toBe(1);
    bench.grant(8600);
    expect(bench.write('w', ['a'], at(8700))).toEqual(['a']);
  });

  it('with payload under way the boot is spent, since its outcome will never be known', () => {
    const bench = open();
    bench.write('one', ['a'], at(8400));
    expect(bench.names({ type: 'tick', at: at(8501) })).toContain('new_boot');
  });

  it('needs no timer: a write after the deadline is withheld though nothing ticked', () => {
    expect(open().write('w', ['a'], at(8501))).toEqual([]);
  });
});

describe('release', () => {
  it('is said when nothing is under way any more, and closes for good', () => {
    const bench = open();
    bench.write('one', ['a'], at(100));
    expect(bench.names({ type: 'release', at: at(200) })).toEqual(['revoke']);
    expect(gateOpen(bench.state, at(201))).toBe(false);
    expect(bench.names({ type: 'written', writeId: 'one', at: at(300) })).toEqual(['release']);
    expect(bench.grant(400)).toEqual([]);
    expect(gateOpen(bench.state, at(401))).toBe(false);
  });

  it('is never said over payload whose outcome stays unknown', () => {
    const bench = open();
    bench.write('one', ['a'], at(100));
    bench.do({ type: 'release', at: at(200) });
    expect(bench.names({ type: 'tick', at: at(2300) })).toEqual(['revoke', 'reset_payload']);
    expect(bench.names({ type: 'written', writeId: 'one', at: at(2400) })).toEqual([]);
  });
});
