import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { newUuidV7, uuidBytes, policy as wire } from '@lethe/contracts';
import { EventLogError } from '@lethe/event-log';
import { LeasedRouter, until } from '../testing/leased-router.js';
import type { ScriptedStream } from '../testing/scripted-admin.js';

// The rules of a router in the lease protocol, over its real driver, stream and payload queue.

const running: LeasedRouter[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  for (const router of running.splice(0)) await router.stop();
});
const start = async (ttlMs = 2_000): Promise<LeasedRouter> => {
  const router = await LeasedRouter.start(ttlMs);
  running.push(router);
  return router;
};
const isZeroed = ({ record }: { readonly record: Buffer }): boolean => record.every((byte) => byte === 0);
const bootOf = (stream: ScriptedStream | undefined): string =>
  Buffer.from(stream?.of('hello')[0]?.bootId ?? []).toString('hex');

describe('R1 default deny', () => {
  it('control: with a grant, a known organization, a logging key and its sealing key payload leaves', async () => {
    const router = await start();
    router.publisher.offer(router.here.payload('allowed'));
    await until(() => router.stored.length === 1);
    expect(router.stored).toEqual(['allowed']);
  });

  it.each<readonly [string, (router: LeasedRouter) => Partial<wire.Delta> | undefined]>([
    ['an organization that is ZDR', ({ here }) => ({ organizations: [here.org({ zdr: true })] })],
    ['an organization that is listed as ZDR', ({ here }) => ({ zdrOrgIds: [uuidBytes(here.orgId)] })],
    ['a key that may not log', ({ here }) => ({ apiKeys: [here.key({ logging: false })] })],
    ['a key without a sealing key', ({ here }) => ({ apiKeys: [here.key({ sealingKey: undefined })] })],
    [
      'another sealing key than it was sealed to',
      ({ here }) => {
        const sealingKey = { transitKeyId: uuidBytes(newUuidV7()), publicKey: Buffer.alloc(32, 4) };
        return { apiKeys: [here.key({ sealingKey })] };
      },
    ],
    [
      'a key of another organization',
      ({ here, other }) => ({ apiKeys: [here.key({ orgId: uuidBytes(other.orgId) })] }),
    ],
    ['a key that is gone', ({ here }) => ({ removedApiKeyIds: [uuidBytes(here.apiKeyId)] })],
  ])('%s: nothing leaves, and what was offered is overwritten', async (_what, changeOf) => {
    const router = await start();
    const version = router.push(changeOf(router) ?? {});
    await until(() => router.acked(version));
    const payload = router.here.payload('refused');
    router.publisher.offer(payload);
    // The control in the same batch: the other organization's goes.
    router.publisher.offer(router.other.payload('allowed'));
    await until(() => router.stored.length > 0);
    expect([router.stored, isZeroed(payload)]).toEqual([['allowed'], true]);
  });

  it('a gap in the deltas: nothing leaves until a snapshot and a fresh grant', async () => {
    const router = await start();
    const stream = router.stream as ScriptedStream;
    router.version = 5n;
    router.push({});
    await until(() => stream.of('nack').length === 1);
    router.publisher.offer(router.here.payload('refused'));
    await sleep(50);
    expect(router.payloadLog.calls).toEqual([]);
    stream.send({ $case: 'snapshot', value: router.policy() });
    await until(() => router.store.gate.open());
    router.publisher.offer(router.here.payload('allowed'));
    await until(() => router.stored.length === 1);
    expect(router.stored).toEqual(['allowed']);
  });
});

describe('R2 sticky', () => {
  it('a message that takes ZDR back closes the gate, is reported, and is never believed; service goes on', async () => {
    const router = await start();
    const stream = router.stream as ScriptedStream;
    const version = router.enableZdr();
    await until(() => router.acked(version));
    router.push({ organizations: [router.here.org({ zdr: false })], apiKeys: [router.here.key()] });
    await until(() => stream.of('nack').length === 1);
    expect(stream.of('nack')[0]?.reason).toBe(wire.NackReason.NACK_REASON_ZDR_REGRESSION);
    expect([router.store.gate.open(), router.store.usable()]).toEqual([false, true]);
    expect(router.store.organization(router.here.orgId)?.zdr).toBe(true);
    await until(() => stream.of('report').some(({ zdrRegressions }) => zdrRegressions === 1n));
    // Repaired: the gate opens for others, and this one stays ZDR.
    stream.send({ $case: 'snapshot', value: router.policy() });
    await until(() => router.store.gate.open());
    for (const customer of [router.here, router.other])
      router.publisher.offer(customer.payload(customer.orgId));
    await until(() => router.stored.length > 0);
    expect(router.stored).toEqual([router.other.orgId]);
  });
});

describe('R3 deadline', () => {
  it('a wall clock that is stepped by an hour, either way, changes nothing', async () => {
    for (const stepMs of [3_600_000, -3_600_000]) {
      const router = await start(1_000);
      const real = Date.now;
      jest.spyOn(Date, 'now').mockImplementation(() => real() + stepMs);
      expect(router.store.gate.open()).toBe(true);
      const stream = router.stream as ScriptedStream;
      stream.grants = undefined;
      await until(() => !router.store.gate.open());
      jest.restoreAllMocks();
    }
  });

  it.each(['hrtimeAheadMs', 'uptimeAheadMs'] as const)(
    'either monotonic clock (%s) closes the gate by itself, at the attempt, with no timer',
    async (clock) => {
      const router = await start(10_000);
      router.clock[clock] = 8_000;
      expect(router.store.gate.open()).toBe(true);
      router.clock[clock] = 8_501;
      expect(router.store.gate.open()).toBe(false);
      const { withheld } = router.subscription.writes.write([router.here.payload('late')], {
        send: () => Promise.reject(new Error('sent')),
        certainlyNot: () => true,
      });
      expect(withheld.length).toBe(1);
    },
  );
});

describe('R4 check last', () => {
  it('is repeated for every attempt: the batch goes again without what is no longer allowed', async () => {
    const router = await start();
    router.payloadLog.answer = (call) => (call === 1 ? 'fails' : 'stores');
    const refused = router.here.payload('revoked in between');
    router.publisher.offer(refused);
    router.publisher.offer(router.other.payload('allowed'));
    await until(() => router.payloadLog.calls.length === 1);
    router.push({ apiKeys: [router.here.key({ logging: false, sealingKey: undefined })] });
    await until(() => router.payloadLog.calls.length === 2);
    await until(() => router.stored.length === 1);
    expect([router.stored, isZeroed(refused)]).toEqual([['allowed'], true]);
  });

  it('nothing lies between it and the socket: the log has the batch in the very turn of the check', async () => {
    const router = await start();
    const calls = router.payloadLog.calls.length;
    router.subscription.writes.write([router.here.payload('now')], {
      send: async (allowed) => {
        await router.payloadLog.publish(
          'lethe.insight.payload.v1',
          allowed.map(({ record }) => ({ key: null, value: record })),
        );
      },
      certainlyNot: () => false,
    });
    expect(router.payloadLog.calls.length).toBe(calls + 1);
  });
});

describe('R6 on ZDR', () => {
  it('with nothing under way: what waits is revoked and overwritten, and it is acknowledged', async () => {
    const router = await start();
    router.payloadLog.answer = () => 'hangs';
    router.publisher.offer(router.other.payload('under way'));
    await until(() => router.payloadLog.calls.length === 1);
    const waiting = router.here.payload('waiting');
    const others = router.other.payload('waits on');
    for (const payload of [waiting, others]) router.publisher.offer(payload);
    const version = router.enableZdr();
    // Another organization's write has no part in it.
    await until(() => router.acked(version));
    expect([isZeroed(waiting), isZeroed(others)]).toEqual([true, false]);
    router.payloadLog.answer = () => 'stores';
    router.payloadLog.settle();
    await until(() => router.stored.length === 2);
    expect(router.stored).toEqual(['under way', 'waits on']);
  });

  it('with a publish under way: acknowledged when its outcome is known, not before', async () => {
    const router = await start(8_000);
    router.payloadLog.answer = () => 'hangs';
    router.publisher.offer(router.here.payload('under way'));
    await until(() => router.payloadLog.calls.length === 1);
    const version = router.enableZdr();
    await until(() => router.store.version === version);
    await sleep(150);
    expect(router.acked(version)).toBe(false);
    router.payloadLog.settle();
    await until(() => router.acked(version));
    expect([router.admin.streams.length, router.payloadLog.severed]).toEqual([1, 0]);
  });

  it('with a refusal that is certain: acknowledged as well', async () => {
    const router = await start(8_000);
    router.payloadLog.answer = () => 'hangs';
    router.publisher.offer(router.here.payload('refused'));
    await until(() => router.payloadLog.calls.length === 1);
    const version = router.enableZdr();
    await until(() => router.store.version === version);
    router.payloadLog.settle(new EventLogError('record_too_large'));
    await until(() => router.acked(version));
    expect(router.admin.streams.length).toBe(1);
  });

  it('after the flush timeout: connections are reset, this boot never acknowledges, another one does', async () => {
    const router = await start(1_000);
    const first = router.stream as ScriptedStream;
    router.payloadLog.answer = () => 'hangs';
    router.publisher.offer(router.here.payload('too slow'));
    await until(() => router.payloadLog.calls.length === 1);
    const version = router.enableZdr();
    await until(() => router.admin.streams.length === 2);
    expect([router.payloadLog.severed, router.acked(version, first)]).toEqual([1, false]);
    const second = router.stream as ScriptedStream;
    await until(() => router.acked(version, second));
    expect(bootOf(second)).not.toBe(bootOf(first));
    // And payload flows again under the new boot, for those who may.
    router.payloadLog.answer = () => 'stores';
    await until(() => router.store.gate.open());
    router.publisher.offer(router.here.payload('never'));
    router.publisher.offer(router.other.payload('allowed'));
    await until(() => router.stored.length > 0);
    expect([router.stored, router.acked(version, first), first.of('release').length]).toEqual([
      ['allowed'],
      false,
      0,
    ]);
  });

  it('an attempt that failed may be stored all the same: it is not taken for an outcome', async () => {
    const router = await start(1_000);
    const first = router.stream as ScriptedStream;
    router.payloadLog.answer = () => 'hangs';
    router.publisher.offer(router.here.payload('uncertain'));
    await until(() => router.payloadLog.calls.length === 1);
    const version = router.enableZdr();
    await until(() => router.store.version === version);
    router.payloadLog.settle(new EventLogError('unavailable'));
    await until(() => router.admin.streams.length === 2);
    expect(router.acked(version, first)).toBe(false);
    await until(() => router.acked(version));
    expect(bootOf(router.stream)).not.toBe(bootOf(first));
  });

  it('what is uncertain is left behind within a lease term, so that a later ZDR need not wait for it', async () => {
    const router = await start(500);
    router.payloadLog.answer = (call) => (call === 1 ? 'fails' : 'stores');
    router.publisher.offer(router.here.payload('delivered in the end'));
    await until(() => router.stored.length === 1);
    await until(() => router.admin.streams.length === 2 && router.store.gate.open());
    const version = router.enableZdr();
    await until(() => router.acked(version));
    expect(router.admin.streams.length).toBe(2);
  });
});

describe('R7 on lapse', () => {
  it('the gate closes, payload is cut off and dropped, telemetry goes on, it is told, and a grant recovers', async () => {
    const router = await start(1_000);
    const stream = router.stream as ScriptedStream;
    const { grants } = stream;
    stream.grants = undefined;
    router.payloadLog.answer = () => 'hangs';
    const underWay = router.other.payload('under way');
    router.publisher.offer(underWay);
    await until(() => router.payloadLog.calls.length === 1);
    const waiting = router.here.payload('waiting');
    router.publisher.offer(waiting);
    await until(() => router.payloadLog.severed === 1);
    expect([router.store.gate.open(), router.store.usable(), isZeroed(waiting)]).toEqual([false, true, true]);
    await until(() => isZeroed(underWay));
    router.telemetry.offer(Buffer.from('telemetry'));
    await until(() => router.telemetryLog.stored.length === 1);
    router.payloadLog.answer = () => 'stores';
    for (const each of router.admin.streams) each.grants = grants;
    await until(() => router.store.gate.open());
    router.publisher.offer(router.here.payload('allowed'));
    await until(() => router.stored.length === 1);
    expect(router.stored).toEqual(['allowed']);
    await until(() =>
      router.admin.streams.some((each) => each.of('report').some(({ leaseLapses }) => leaseLapses === 1n)),
    );
  });
});

describe('R8 separate transports', () => {
  it('what cuts payload off leaves the connections of telemetry alone', async () => {
    const router = await start(500);
    (router.stream as ScriptedStream).grants = undefined;
    await until(() => router.payloadLog.severed > 0);
    expect(router.telemetryLog.severed).toBe(0);
    // On its topic, and on no other.
    router.telemetry.offer(Buffer.from('telemetry'));
    await until(() => router.telemetryLog.stored.length === 1);
    expect(router.payloadLog.calls).toEqual([]);
  });
});

describe('a router that goes', () => {
  it('gives its lease up with nothing under way, and never over payload whose outcome is not known', async () => {
    for (const hangs of [false, true]) {
      const router = await start();
      const stream = router.stream as ScriptedStream;
      if (hangs) {
        router.payloadLog.answer = () => 'hangs';
        router.publisher.offer(router.here.payload('under way'));
        await until(() => router.payloadLog.calls.length === 1);
      }
      await router.subscription.close();
      expect(stream.of('release').length).toBe(hangs ? 0 : 1);
      expect(router.store.gate.open()).toBe(false);
    }
  });
});
