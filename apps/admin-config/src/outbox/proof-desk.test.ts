import * as grpc from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@lethe/service-kit';
import type { Database } from '../store/database.js';
import { proofOf } from '../testing/audit-peer.contract.js';
import { eventually } from '../testing/eventually.contract.js';
import { type Peers, startPeers } from '../testing/peers.contract.js';
import {
  enableZdr,
  makeOrg,
  type Replica,
  startWorld,
  type TestOrg,
  type World,
} from '../testing/world.contract.js';
import { createAuditReader } from './audit-reader.js';
import { auditDestination } from './deliver.js';
import { createProofDesk } from './proof-desk.js';
import { Relay } from './relay.js';

const waitMs = 3000;

describe('the proof of zdr.enabled', () => {
  let world: World;
  let peers: Peers;
  let org: TestOrg;
  const log = createLogger('admin-config', () => {});
  const closing: (() => Promise<void> | void)[] = [];

  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await world.superuser`update config.outbox set sent_at = now() where sent_at is null`;
    peers = await startPeers();
    org = await makeOrg(world);
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    await peers.close();
  });

  /** A replica that asks audit for proofs. */
  const replicaWithProofs = (waitedMs = waitMs): Replica => {
    const reader = createAuditReader(peers.address, peers.credential);
    closing.push(() => reader.close());
    const proofs = (database: Database) => createProofDesk({ database, reader, waitMs: waitedMs });
    return world.addReplica({ proofs });
  };
  const startRelay = (replica: Replica): void => {
    const { deliver, close } = auditDestination(peers.address, peers.credential);
    const relay = new Relay({
      ...{ database: replica.database, destination: 'audit', deliver, log },
      clock: replica.deps.clock,
    });
    const timer = setInterval(() => relay.wake(), 20);
    closing.push(async () => {
      clearInterval(timer);
      close();
      await relay.close();
    });
  };
  const enable = (replica: Replica) =>
    world.call('POST', '/v1/manage/org/zdr', {
      ...{ token: org.admin.token, body: { confirm: org.slug }, replica },
    });
  const read = (replica: Replica) =>
    world.call('GET', '/v1/manage/org/zdr', { token: org.auditor.token, replica });
  const auditOf = (answer: { readonly body: Readonly<Record<string, unknown>> }) =>
    answer.body.audit as { readonly event_id: string; readonly proof: string | null };

  it('is in the answer that enables it, and in what is read later', async () => {
    const replica = replicaWithProofs();
    startRelay(replica);
    const enabled = await enable(replica);
    expect([enabled.status, enabled.body.state]).toEqual([202, 'committed_pending']);
    const { event_id: eventId, proof } = auditOf(enabled);
    expect(proof).toBe(proofOf(eventId));
    expect(auditOf(await read(replica))).toEqual({ event_id: eventId, proof });
  });

  it('is there whichever replica brings the event to audit', async () => {
    const [asked, relaying] = [replicaWithProofs(), world.addReplica()];
    startRelay(relaying);
    const { event_id: eventId, proof } = auditOf(await enable(asked));
    expect(proof).toBe(proofOf(eventId));
    // Asked again, also of the other replica, with the row of the outbox long gone.
    await world.superuser`delete from config.outbox where sent_at is not null`;
    expect(auditOf(await enable(replicaWithProofs())).proof).toBe(proof);
  });

  it('is null while audit is down: committed all the same, and the wait has an end', async () => {
    const replica = replicaWithProofs(300);
    peers.failures.audit = Number.POSITIVE_INFINITY;
    peers.audit.failsWith = grpc.status.UNAVAILABLE;
    startRelay(replica);
    const startedMs = performance.now();
    const enabled = await enable(replica);
    expect(performance.now() - startedMs).toBeLessThan(10_000);
    expect([enabled.status, auditOf(enabled).proof]).toEqual([202, null]);
    expect(peers.audit.proofCalls).toBe(0);
    expect(auditOf(await read(replica))).toEqual(auditOf(enabled));
    peers.failures.audit = 0;
    peers.audit.failsWith = undefined;
    const { event_id: eventId } = auditOf(enabled);
    await eventually(async () =>
      auditOf(await read(replica)).proof === proofOf(eventId) ? true : undefined,
    );
    expect(auditOf(await enable(replica)).proof).toBe(proofOf(eventId));
  });

  it('is null when audit has the event and no proof in time', async () => {
    const replica = replicaWithProofs(500);
    peers.audit.withholdsProofs = true;
    startRelay(replica);
    expect(auditOf(await enable(replica)).proof).toBeNull();
    expect(peers.audit.proofCalls).toBeGreaterThan(1);
  });

  it('is not waited for by more callers than there is room for', async () => {
    const replica = replicaWithProofs(60_000);
    const { event_id: eventId } = auditOf(await enableZdr(world, org));
    const waiting = Array.from({ length: 64 }, () => replica.deps.proofs.wait(eventId as never));
    expect(await replica.deps.proofs.wait(eventId as never)).toBeNull();
    startRelay(replica);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([proofOf(eventId)]));
  });

  it('fails nobody when the database goes while it is waited for', async () => {
    const replica = replicaWithProofs(2000);
    const { event_id: eventId } = auditOf(await enableZdr(world, org));
    await world.postgres.kill();
    expect(await replica.deps.proofs.wait(eventId as never)).toBeNull();
    await world.postgres.restart();
  });
});
