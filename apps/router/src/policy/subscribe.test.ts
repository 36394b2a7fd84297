import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { afterEach, describe, expect, it } from '@jest/globals';
import { uuidBytes, policy as wire } from '@lethe/contracts';
import { Opaque } from '@lethe/service-kit';
import {
  deltaMessage,
  keyMessage,
  orgMessage,
  snapshotMessage,
  someOrgId,
} from '../testing/policy-messages.js';
import { type ScriptedAdmin, type ScriptedStream, startScriptedAdmin } from '../testing/scripted-admin.js';
import { readableLog } from '../testing/scripted-log.js';
import { PolicyStore } from './policy-store.js';
import { subscribe } from './subscribe.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await sleep(5);
};
const hash = (n: number): string => Buffer.alloc(32, n).toString('hex');

const startAdmin = async (
  onStream?: (stream: ScriptedStream) => void,
  port?: number,
): Promise<ScriptedAdmin> => {
  const admin = await startScriptedAdmin(onStream, port);
  closing.push(() => admin.close());
  return admin;
};

/** A router's policy side, on clocks that the test can move forward. */
const startRouter = (admin: Pick<ScriptedAdmin, 'address' | 'credential'>) => {
  const clock = { aheadMs: 0 };
  const now = (): number => performance.now() + clock.aheadMs;
  const store = new PolicyStore({ keysHonouredMsMax: 3_600_000, clocks: { hrtimeMs: now, uptimeMs: now } });
  const { log, lines } = readableLog();
  const subscription = subscribe({ ...admin, routerId: 'router-1', store, log });
  closing.push(() => subscription.close());
  return { clock, store, subscription, lines };
};

/** Both sides, with one snapshot applied and the gate open. */
const startOpen = async (ttlMs = 600) => {
  const version = 5n;
  const admin = await startAdmin((stream) => {
    stream.grants = { ttlMs, version };
    if (admin.streams.length === 1) stream.send({ $case: 'snapshot', value: snapshotMessage(version) });
  });
  const router = startRouter(admin);
  await until(() => router.store.gate.open());
  return { admin, ...router, stream: admin.streams[0] as ScriptedStream };
};

describe('a router that starts', () => {
  it('says hello and asks for a lease; a snapshot is acknowledged and a grant opens the gate', async () => {
    const admin = await startAdmin();
    const { store } = startRouter(admin);
    await until(() => admin.streams[0]?.of('renew').length === 1);
    const stream = admin.streams[0] as ScriptedStream;
    expect(stream.received.map(({ $case }) => $case)).toEqual(['hello', 'renew']);
    expect(stream.of('hello')[0]).toMatchObject({ routerId: 'router-1', haveVersion: 0n, schemaVersion: 1 });
    expect(stream.of('hello')[0]?.bootId.length).toBe(16);
    stream.send({ $case: 'snapshot', value: snapshotMessage(5n) });
    await until(() => stream.of('ack').length === 1);
    expect(stream.of('ack')).toEqual([{ version: 5n }]);
    expect([store.version, store.usable(), store.gate.open()]).toEqual([5n, true, false]);
    const { nonce } = stream.of('renew')[0] as wire.Renew;
    stream.send({ $case: 'grant', value: { nonce, ttlMs: 10_000, version: 5n } });
    await until(() => store.gate.open());
  });

  it('whose credential is not known learns nothing, and tries on', async () => {
    const admin = await startAdmin((stream) =>
      stream.send({ $case: 'snapshot', value: snapshotMessage(5n) }),
    );
    const { store, lines } = startRouter({ ...admin, credential: new Opaque('lethe_svc_other') });
    await until(() => lines.length >= 2);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      event: 'policy.stream_lost',
      status: status.UNAUTHENTICATED,
    });
    expect([admin.streams.length, store.version, store.usable()]).toEqual([0, 0n, false]);
  });

  it('finds an admin-config that starts later', async () => {
    const first = await startScriptedAdmin();
    await first.close();
    const { store, lines } = startRouter(first);
    await until(() => lines.length >= 1);
    await startAdmin((stream) => stream.send({ $case: 'snapshot', value: snapshotMessage(1n) }), first.port);
    await until(() => store.usable());
  });
});

describe('messages', () => {
  it('a delta is applied and acknowledged', async () => {
    const { stream, store } = await startOpen();
    const change = { apiKeys: [keyMessage({ keySha256: Buffer.alloc(32, 2) })] };
    stream.send({ $case: 'delta', value: deltaMessage(5n, 6n, change) });
    await until(() => stream.of('ack').length === 2);
    expect(stream.of('ack')[1]).toEqual({ version: 6n });
    expect(store.apiKey(hash(2))).toBeDefined();
    expect([store.version, store.gate.open()]).toEqual([6n, true]);
  });

  it.each([
    ['a gap', wire.NackReason.NACK_REASON_GAP, deltaMessage(6n, 7n)],
    [
      'what does not hold together',
      wire.NackReason.NACK_REASON_MALFORMED,
      deltaMessage(5n, 6n, { apiKeys: [keyMessage({ keySha256: Buffer.alloc(5) })] }),
    ],
  ])(
    '%s is refused and closes the gate; a snapshot and a new lease heal it',
    async (_what, reason, delta) => {
      const { stream, store, lines } = await startOpen();
      // What was asked for before the refusal must not open the gate again, nor a grant under a version not held.
      stream.grants = undefined;
      const asked = stream.of('renew').at(-1)?.nonce as bigint;
      stream.send({ $case: 'delta', value: delta });
      await until(() => stream.of('nack').length === 1);
      expect(stream.of('nack')).toEqual([{ version: 5n, reason }]);
      expect([store.version, store.gate.open(), store.usable()]).toEqual([5n, false, true]);
      stream.send({ $case: 'grant', value: { nonce: asked, ttlMs: 10_000, version: 5n } });
      stream.send({ $case: 'snapshot', value: snapshotMessage(delta.version) });
      await until(() => stream.of('ack').some(({ version }) => version === delta.version));
      expect(store.gate.open()).toBe(false);
      stream.grants = { ttlMs: 600, version: delta.version };
      await until(() => store.gate.open());
      expect(lines.map((line) => JSON.parse(line).event)).toContain('policy.refused');
    },
  );

  it('that take ZDR back are refused, and no lease opens the gate again', async () => {
    const { stream, store } = await startOpen();
    const zdrOrgIds = [uuidBytes(someOrgId)];
    stream.send({ $case: 'delta', value: deltaMessage(5n, 6n, { zdrOrgIds }) });
    stream.send({
      $case: 'delta',
      value: deltaMessage(6n, 7n, { organizations: [orgMessage({ zdr: false })] }),
    });
    await until(() => stream.of('nack').length === 1);
    expect(stream.of('nack')[0]?.reason).toBe(wire.NackReason.NACK_REASON_ZDR_REGRESSION);
    stream.grants = { ttlMs: 500, version: 6n };
    const renewals = stream.of('renew').length;
    await until(() => stream.of('renew').length >= renewals + 3);
    expect([store.gate.open(), store.organization(someOrgId)?.zdr, store.usable()]).toEqual([
      false,
      true,
      true,
    ]);
  });

  it('a grant under a version that was not applied is worth nothing and shows a gap', async () => {
    const admin = await startAdmin((stream) => {
      stream.send({ $case: 'snapshot', value: snapshotMessage(5n) });
      stream.grants = { ttlMs: 600, version: 6n };
    });
    const { store } = startRouter(admin);
    await until(() => admin.streams[0]?.of('nack').length === 1);
    const stream = admin.streams[0] as ScriptedStream;
    expect(stream.of('nack')).toEqual([{ version: 5n, reason: wire.NackReason.NACK_REASON_GAP }]);
    const renewals = stream.of('renew').length;
    await until(() => stream.of('renew').length >= renewals + 2);
    expect([store.version, store.gate.open()]).toEqual([5n, false]);
    stream.send({ $case: 'snapshot', value: snapshotMessage(6n) });
    await until(() => store.gate.open());
  });

  it('a lease is renewed well before its end, each time under a new number', async () => {
    const { stream } = await startOpen();
    stream.grants = { ttlMs: 600, version: 5n };
    await until(() => stream.of('renew').length >= 2);
    const begun = performance.now();
    await until(() => stream.of('renew').length >= 5);
    expect(performance.now() - begun).toBeGreaterThan(3 * 150);
    const nonces = stream.of('renew').map(({ nonce }) => nonce);
    expect(nonces).toEqual(nonces.map((_, index) => BigInt(index + 1)));
  });
});

describe('a stream that is lost', () => {
  it('is opened again with the version that is held, and deltas go on from there', async () => {
    const { admin, stream, store, lines } = await startOpen();
    stream.end();
    await until(() => admin.streams[1]?.of('hello').length === 1);
    const second = admin.streams[1] as ScriptedStream;
    expect(second.of('hello')[0]).toEqual({ ...stream.of('hello')[0], haveVersion: 5n });
    second.send({ $case: 'delta', value: deltaMessage(5n, 6n) });
    // What is held is acknowledged again first: the word of it may have been lost with the stream.
    await until(() => second.of('ack').length === 2);
    expect(second.of('ack')).toEqual([{ version: 5n }, { version: 6n }]);
    second.fail(status.INTERNAL);
    await until(() => admin.streams[2]?.of('hello').length === 1);
    expect(admin.streams[2]?.of('hello')[0]?.haveVersion).toBe(6n);
    expect([store.version, store.usable()]).toEqual([6n, true]);
    expect(lines.join('')).not.toContain('CANARY');
    await sleep(50);
    expect(admin.streams.length).toBe(3);
  });

  it('lets the lease run out: then the gate is closed, and known keys are served on', async () => {
    const { admin, clock, store } = await startOpen(10_000);
    await admin.close();
    await sleep(300);
    expect(store.gate.open()).toBe(true);
    clock.aheadMs += 4_000;
    expect(store.gate.open()).toBe(true);
    clock.aheadMs += 4_600;
    expect(store.gate.open()).toBe(false);
    expect([store.usable(), store.apiKey(hash(1)) !== undefined]).toEqual([true, true]);
    clock.aheadMs += 3_600_000;
    expect(store.usable()).toBe(false);
    await startAdmin((stream) => {
      stream.grants = { ttlMs: 10_000, version: 5n };
    }, admin.port);
    await until(() => store.usable() && store.gate.open());
  });

  it('is noticed even when the network says nothing', async () => {
    const admin = await startAdmin((stream) => {
      stream.grants = { ttlMs: 10_000, version: 5n };
      stream.send({ $case: 'snapshot', value: snapshotMessage(5n) });
    });
    const pipes: { readonly near: Socket; readonly far: Socket }[] = [];
    const proxy = createServer((near) => {
      const far = connect(admin.port, '127.0.0.1');
      for (const socket of [near, far]) socket.on('error', () => undefined);
      near.pipe(far);
      far.pipe(near);
      pipes.push({ near, far });
    });
    await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
    closing.push(() => {
      for (const { near, far } of pipes) for (const socket of [near, far]) socket.destroy();
      proxy.close();
    });
    const { port } = proxy.address() as { port: number };
    const { store } = startRouter({ ...admin, address: `127.0.0.1:${port}` });
    await until(() => store.gate.open());
    for (const { near, far } of pipes) {
      near.unpipe(far);
      far.unpipe(near);
      near.resume();
      far.resume();
    }
    await until(() => admin.streams.length === 2);
  });
});

describe('close', () => {
  it('gives the lease up before it goes, closes the gate, and does not come back', async () => {
    const { admin, stream, store, subscription } = await startOpen();
    const closed = subscription.close();
    expect(store.gate.open()).toBe(false);
    await closed;
    expect(stream.of('release').length).toBe(1);
    await until(() => stream.ended);
    await sleep(300);
    expect(admin.streams.length).toBe(1);
    expect(store.gate.open()).toBe(false);
  });

  it('works while there is nobody to say it to', async () => {
    const admin = await startScriptedAdmin();
    await admin.close();
    const { subscription, lines } = startRouter(admin);
    await until(() => lines.length >= 1);
    await subscription.close();
    const before = lines.length;
    await sleep(300);
    expect(lines.length).toBe(before);
  });
});
