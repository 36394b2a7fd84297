import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { TestOrganization } from '../audit/running/management.js';
import { runLethe } from '../serve/lethe-process.js';
import { billedRequests, openRequest } from '../support/accounting.js';
import { getJson } from '../support/http.js';
import { waitFor } from '../wait-for.js';
import { openEverything } from '../zdr/house/attacker.js';
import { enableZdr, untilEffective } from '../zdr/house/enable-zdr.js';
import { type House, startHouse } from '../zdr/house/house.js';
import { awaitReadable, loggingOrganization } from '../zdr/house/organization.js';
import { type Asked, askOnce } from '../zdr/house/traffic.js';
import { Backups, postgresTools } from './postgres-tools.js';

jest.setTimeout(600_000);

const bin = await postgresTools();
const withTools = bin === undefined ? describe.skip : describe;

/** What docs/runbooks/backup-and-restore.md says to keep and to put back. */
const kept = ['config', 'accounting', 'audit'];
const putBack = ['config', 'accounting'];

withTools('a backup as the runbook makes it, put back as the runbook says', () => {
  let house: House;
  let backups: Backups;
  let org: TestOrganization;
  let shredded: TestOrganization;
  let bystander: TestOrganization;
  beforeAll(async () => {
    house = await startHouse({ routers: 2 });
    backups = await Backups.open(bin ?? '', house.databases.superuser('postgres'));
    org = await loggingOrganization(house);
    shredded = await loggingOrganization(house);
    bystander = await loggingOrganization(house);
  });
  afterAll(async () => {
    await backups?.close();
    await house?.stop();
  });

  const ask = (of: TestOrganization, router = 0): Promise<Asked> =>
    askOnce({ routers: house.routers.map(({ url }) => url), apiKey: of.apiKey }, { router, kind: 'whole' });
  const payloadOf = async (of: TestOrganization, requestId: string): Promise<'readable' | 'gone'> => {
    const { payload } = await openRequest(house.run, of.adminToken, requestId);
    return payload === null ? 'gone' : 'readable';
  };
  /** Asked while the organization still logs, and stored. */
  const askedAndStored = async (of: TestOrganization): Promise<Asked> => {
    const asked = await ask(of);
    expect(asked.retention).toBe('payload');
    await waitFor(async () => (await payloadOf(of, asked.requestId).catch(() => 'gone')) === 'readable');
    return asked;
  };
  const rows = (query: string): Promise<number> =>
    house.databases.as('accounting', async (sql) => {
      const [row] = await sql.unsafe<{ count: string }[]>(query);
      return Number(row?.count);
    });
  const hasEvent = async (type: string): Promise<boolean> => {
    const page = await getJson<{ data: readonly unknown[] }>(
      `${house.run.audit}/v1/audit/events?type=${type}`,
      house.run.operatorToken,
    ).catch(() => undefined);
    return (page?.data.length ?? 0) > 0;
  };

  it('keeps ZDR, and everything else that was in it', async () => {
    const before = {
      org: await askedAndStored(org),
      shredded: await askedAndStored(shredded),
      bystander: await askedAndStored(bystander),
    };
    for (const database of kept) await backups.dump(database);

    // No content, and no key that could open what is under way: neither in the file nor in what it unpacks to.
    const inside = await readFile(await backups.asText('accounting'), 'latin1');
    const configuration = await readFile(await backups.asText('config'), 'latin1');
    for (const { canary } of Object.values(before)) expect(inside).not.toContain(canary.text);
    expect(await rows('select count(*) from ingest.transit_key')).toBeGreaterThan(0);
    expect(inside).not.toContain('COPY ingest.transit_key ');
    // The controls: the same search finds what is there.
    expect(inside).toContain('COPY ingest.at_rest_key ');
    expect(inside).toContain(before.org.requestId.replaceAll('-', '').slice(0, 8));
    expect(configuration).toContain(org.slug);

    const late = await ask(bystander);
    expect(await enableZdr(house.run.adminConfig, org)).toMatchObject({ status: 200 });
    expect(await enableZdr(house.run.adminConfig, shredded, { shred_history: true })).toMatchObject({
      status: 200,
    });
    await expect(
      waitFor(async () => (await payloadOf(shredded, before.shredded.requestId)) === 'gone'),
    ).resolves.toBe(true);

    // The accident, and what the runbook says to do.
    for (const service of [...house.admins, house.accounting]) await service.stop();
    for (const database of putBack) await backups.restore(database);
    expect(await rows(`select count(*) from ingest.at_rest_key where org_id = '${shredded.orgId}'`)).toBe(1);
    await Promise.all([...house.admins, house.accounting].map((service) => service.start()));

    // Nobody captures anything, and says so, until it is repaired.
    await waitFor(() => hasEvent('zdr.guard_raised'), 60_000, 100);
    for (const each of [org, shredded, bystander])
      for (const router of house.routers.keys())
        expect((await ask(each, router)).retention).toBe('telemetry');
    const repaired = await runLethe(['zdr', 'repair', '--url', house.run.adminConfig], {
      LETHE_OPERATOR_TOKEN: house.run.operatorToken,
    });
    expect(repaired).toMatchObject({ code: 0, out: expect.stringContaining(org.orgId) });
    expect(repaired.out).toContain(shredded.orgId);
    for (const each of [org, shredded]) await untilEffective(house.run.adminConfig, each);

    // ZDR is what it was, and those who log do so again.
    for (const router of house.routers.keys()) await awaitReadable(house, bystander, router);
    const after = [await ask(org), await ask(shredded)];
    expect(after.map(({ retention }) => retention)).toEqual(['telemetry', 'telemetry']);
    // What was shredded after the backup was made is shredded again; what was not is what the backup has.
    expect(await payloadOf(shredded, before.shredded.requestId)).toBe('gone');
    expect(await rows(`select count(*) from ingest.at_rest_key where org_id = '${shredded.orgId}'`)).toBe(0);
    expect(await payloadOf(org, before.org.requestId)).toBe('readable');
    expect(await payloadOf(bystander, before.bystander.requestId)).toBe('readable');
    // What was asked after the backup is billed: the event log had it, and accounting went on where the backup stood.
    await waitFor(async () =>
      (await billedRequests(house.run, bystander.adminToken)).some(
        ({ request_id: id }) => id === late.requestId,
      ),
    );
    const { texts } = await openEverything(house);
    const all = texts.map(({ text }) => text.toString('utf8')).join('\n');
    for (const { canary } of [...after, before.shredded]) expect(all).not.toContain(canary.text);
    expect(all).toContain(before.bystander.canary.text);
  });
});
