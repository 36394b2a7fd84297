import * as grpc from '@grpc/grpc-js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger, newToken, Opaque } from '@lethe/service-kit';
import { refusedRows } from '../store/outbox.js';
import { eventually } from '../testing/eventually.contract.js';
import { type Peers, startPeers } from '../testing/peers.contract.js';
import {
  enableZdr,
  makeKey,
  makeOrg,
  type Replica,
  startWorld,
  type World,
} from '../testing/world.contract.js';
import { accountingDestination, auditDestination } from './deliver.js';
import { Relay } from './relay.js';

describe('the outbox relay', () => {
  let world: World;
  let peers: Peers;
  const logLines: string[] = [];
  const log = createLogger('admin-config', (line) => logLines.push(line));
  const closing: (() => Promise<void> | void)[] = [];

  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    await world.superuser`update config.outbox set sent_at = now() where sent_at is null`;
    peers = await startPeers();
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
    await peers.close();
  });

  const start = (
    destination: 'audit' | 'accounting',
    options: { replica?: Replica; address?: string; credential?: Opaque<string> } = {},
  ): Relay => {
    const make = destination === 'audit' ? auditDestination : accountingDestination;
    const peer = make(options.address ?? peers.address, options.credential ?? peers.credential);
    const { database, deps } = options.replica ?? world.replica;
    const relay = new Relay({ database, destination, deliver: peer.deliver, clock: deps.clock, log });
    closing.push(async () => {
      peer.close();
      await relay.close();
    });
    relay.wake();
    return relay;
  };

  const unsent = async (): Promise<number> => {
    const [row] = await world.superuser`select count(*)::int as n from config.outbox where sent_at is null`;
    return Number(row?.n);
  };
  const expected = async () => {
    const rows = await world.superuser`select event_id, destination, method, org_id from config.outbox
      where sent_at is null order by config_version, ordinal`;
    const ofAudit = rows.filter(({ destination }) => destination === 'audit');
    return {
      orgs: [...new Set(ofAudit.map(({ org_id }) => String(org_id)))],
      auditOf: (orgId: string) =>
        ofAudit.filter(({ org_id }) => org_id === orgId).map(({ event_id }) => event_id),
      audit: rows.filter(({ destination }) => destination === 'audit').map(({ event_id }) => event_id),
      accounting: rows.filter(({ destination }) => destination === 'accounting').map(({ method }) => method),
    };
  };
  const names: Readonly<Record<string, string>> = {
    openOrg: 'open_org',
    sealOrg: 'seal_org',
    putApiKeys: 'put_api_keys',
  };
  const audited = () => peers.received.filter(({ method }) => method === 'append').map(({ id }) => id);
  const auditedOf = (orgId: string) =>
    peers.received
      .filter(({ method, body }) => method === 'append' && body.includes(`"partitionkey":"${orgId}"`))
      .map(({ id }) => id);
  const accounted = () =>
    peers.received.filter(({ method }) => method !== 'append').map(({ method }) => names[method]);

  /** Makes changes that leave rows for both destinations. */
  const change = async (): Promise<void> => {
    const org = await makeOrg(world);
    await makeKey(world, org.admin.token);
    await makeKey(world, org.member.token, { logging: true });
    await enableZdr(world, org);
  };

  it('sends every row, in order, and marks it', async () => {
    await change();
    const rows = await expected();
    expect(rows.accounting).toEqual(['open_org', 'put_api_keys', 'put_api_keys', 'seal_org', 'put_api_keys']);
    start('audit');
    start('accounting');
    await eventually(async () => ((await unsent()) === 0 ? true : undefined));
    expect(audited()).toEqual(rows.audit);
    expect(accounted()).toEqual(rows.accounting);
  });

  it('tries a row again until it is taken, and lets none overtake it', async () => {
    await change();
    const rows = await expected();
    peers.failures.audit = 3;
    start('audit');
    await eventually(() => (audited().length === rows.audit.length ? true : undefined));
    expect(audited()).toEqual(rows.audit);
    expect(peers.failures.audit).toBe(0);
  });

  it('sends a row again when the acknowledgement got lost', async () => {
    await change();
    const rows = await expected();
    peers.lostAnswers.accounting = 1;
    start('accounting');
    await eventually(() => (accounted().length === rows.accounting.length + 1 ? true : undefined));
    expect(accounted()).toEqual([rows.accounting[0], ...rows.accounting]);
  });

  it('does not let one destination that is down hold up the other', async () => {
    await change();
    const rows = await expected();
    peers.failures.accounting = Number.POSITIVE_INFINITY;
    start('accounting');
    start('audit');
    await eventually(() => (audited().length === rows.audit.length ? true : undefined));
    expect(accounted()).toEqual([]);
    peers.failures.accounting = 0;
    await eventually(() => (accounted().length === rows.accounting.length ? true : undefined));
  });

  it('catches up when a destination comes up only later', async () => {
    const port = Number(peers.address.split(':')[1]);
    await peers.close();
    await change();
    const rows = await expected();
    start('audit');
    await eventually(() => (logLines.some((line) => line.includes('outbox.send_failed')) ? true : undefined));
    peers = await startPeers(port, peers.credential.reveal());
    await eventually(() => (audited().length === rows.audit.length ? true : undefined));
    expect(audited()).toEqual(rows.audit);
  });

  it('gives up on nothing: a refused credential waits, too', async () => {
    await change();
    const before = await unsent();
    start('audit', { credential: new Opaque(newToken('lethe_svc_')) });
    await eventually(() => (logLines.some((line) => line.includes('"status":16')) ? true : undefined));
    expect(await unsent()).toBe(before);
  });

  it('has one leader over all replicas: no row is sent twice', async () => {
    for (let n = 0; n < 5; n++) await change();
    const rows = await expected();
    for (const replica of [world.replica, world.addReplica(), world.addReplica()])
      start('audit', { replica });
    await eventually(async () => (audited().length >= rows.audit.length ? true : undefined));
    expect([...audited()].sort()).toEqual([...rows.audit].sort());
    for (const orgId of rows.orgs) expect(auditedOf(orgId)).toEqual(rows.auditOf(orgId));
  });

  it('sends several organizations side by side, each in its order', async () => {
    for (let n = 0; n < 6; n++) await change();
    const rows = await expected();
    peers.audit.delayMs = 20;
    start('audit');
    await eventually(async () => (audited().length === rows.audit.length ? true : undefined));
    for (const orgId of rows.orgs) expect(auditedOf(orgId)).toEqual(rows.auditOf(orgId));
    expect(rows.orgs.length).toBeGreaterThanOrEqual(6);
    expect(peers.audit.peakInFlight).toBeGreaterThan(1);
    expect(peers.audit.peakInFlight).toBeLessThanOrEqual(rows.orgs.length);
  });

  it('passes by a row that audit refuses for ever, keeps it and says which', async () => {
    await change();
    const rows = await expected();
    const [poison] = rows.audit;
    peers.audit.refuses = (event) =>
      event.includes(String(poison)) ? grpc.status.INVALID_ARGUMENT : undefined;
    start('audit');
    await eventually(async () => (audited().length === rows.audit.length - 1 ? true : undefined));
    expect(audited()).toEqual(rows.audit.slice(1));
    const kept = () =>
      world.superuser`select event_id, sent_at, refused_code, octet_length(body) > 0 as whole from config.outbox
        where refused_code is not null`;
    await eventually(async () => ((await kept()).length === 1 ? true : undefined));
    expect(await kept()).toEqual([
      { event_id: poison, sent_at: null, refused_code: 'invalid_argument', whole: true },
    ]);
    const line = logLines.find((each) => each.includes('outbox.row_refused'));
    expect(line).toContain(`"eventId":"${poison}"`);
    expect(await world.replica.database.read((db) => refusedRows(db, 'audit'))).toBe(1);
    await expect(
      world.superuser`delete from config.outbox where event_id = ${String(poison)}`,
    ).rejects.toThrow();
    await world.superuser`update config.outbox set refused_code = null, sent_at = now()
      where event_id = ${String(poison)}`;
  });

  it('lets no row overtake one of its organization that failed for now, while others go on', async () => {
    await change();
    await change();
    const rows = await expected();
    const [held] = rows.audit;
    peers.audit.refuses = (event) => (event.includes(String(held)) ? grpc.status.INTERNAL : undefined);
    start('audit');
    const [first, second] = rows.orgs;
    await eventually(() =>
      auditedOf(String(second)).length === rows.auditOf(String(second)).length ? true : undefined,
    );
    expect(auditedOf(String(first))).toEqual([]);
    peers.audit.refuses = () => undefined;
    await eventually(() =>
      auditedOf(String(first)).length === rows.auditOf(String(first)).length ? true : undefined,
    );
    expect(auditedOf(String(first))).toEqual(rows.auditOf(String(first)));
  });

  it('survives a restart of the database in the middle of it', async () => {
    await change();
    const rows = await expected();
    peers.failures.audit = 2;
    start('audit');
    await world.postgres.kill();
    await world.postgres.restart();
    await eventually(() => (new Set(audited()).size === rows.audit.length ? true : undefined));
    expect([...new Set(audited())]).toEqual(rows.audit);
  });

  it('ends while audit keeps it waiting', async () => {
    await change();
    peers.audit.delayMs = 20_000;
    start('audit');
    await eventually(() => (peers.audit.inFlight > 0 ? true : undefined));
    const startedMs = performance.now();
    for (const close of closing.splice(0)) await close();
    expect(performance.now() - startedMs).toBeLessThan(4000);
  });

  it('keeps what was sent for a day, and what was not for ever', async () => {
    await world.superuser`update config.outbox set sent_at = now() - interval '2 days' where sent_at is not null`;
    await change();
    peers.failures.audit = Number.POSITIVE_INFINITY;
    start('audit');
    await eventually(async () => {
      const [old] =
        await world.superuser`select count(*)::int as n from config.outbox where sent_at is not null`;
      return old?.n === 0 ? true : undefined;
    });
    expect(await unsent()).toBeGreaterThan(0);
  });
});
