import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { TestOrganization } from '../audit/running/management.js';
import { getJson, http } from '../support/http.js';
import { waitFor } from '../wait-for.js';
import { openEverything } from './house/attacker.js';
import { enableZdr, untilEffective } from './house/enable-zdr.js';
import { type House, startHouse } from './house/house.js';
import { awaitReadable, loggingOrganization } from './house/organization.js';
import { keepCopy, setBack } from './house/set-back.js';
import { type Asked, askOnce } from './house/traffic.js';

interface Page {
  readonly data: readonly { readonly event: { readonly subject: string } }[];
}

describe('databases that are set back to before EnableZDR', () => {
  let house: House;
  let org: TestOrganization;
  let bystander: TestOrganization;
  beforeEach(async () => {
    house = await startHouse();
    [org, bystander] = [await loggingOrganization(house), await loggingOrganization(house)];
  }, 180_000);
  afterEach(() => house?.stop(), 60_000);
  afterAll(() => undefined);

  const ask = (of: TestOrganization, router: number): Promise<Asked> =>
    askOnce({ routers: house.routers.map(({ url }) => url), apiKey: of.apiKey }, { router, kind: 'whole' });
  /** What each router says that it may keep of an organization at most. */
  const retentionsOf = async (of: TestOrganization): Promise<string[]> => {
    const asked = await Promise.all(house.routers.map((_, router) => ask(of, router)));
    return asked.map(({ retention }) => retention);
  };
  const nobody = ['telemetry', 'telemetry', 'telemetry'];
  const eventsOf = (type: string): Promise<Page> =>
    getJson<Page>(`${house.run.audit}/v1/audit/events?type=${type}`, house.run.operatorToken);
  const repair = (): Promise<number> =>
    http(`${house.run.adminConfig}/v1/operator/zdr/repair`, {
      method: 'POST',
      headers: { authorization: `Bearer ${house.run.operatorToken}` },
    }).then(({ status }) => status);
  const expectNothingKept = async (asked: readonly Asked[]): Promise<void> => {
    const { texts } = await openEverything(house);
    const all = texts.map(({ text }) => text.toString('utf8')).join('\n');
    expect(asked.filter(({ canary }) => all.includes(canary.text))).toEqual([]);
  };
  const restartServices = async (): Promise<void> => {
    for (const service of house.services) await service.stop();
    await Promise.all(house.services.map((service) => service.start()));
    await house.untilRoutersServe();
  };

  it('the control: a copy that knows everything takes its place unnoticed', async () => {
    await keepCopy(house.databases);
    await setBack(house.databases);
    for (const router of house.routers.keys()) await awaitReadable(house, bystander, router);
  }, 90_000);

  it('the configuration, under a running system: all grants stop until it is repaired', async () => {
    await keepCopy(house.databases, ['config']);
    for (const router of house.routers.keys()) await awaitReadable(house, bystander, router);
    expect(await enableZdr(house.run.adminConfig, org)).toMatchObject({ status: 200 });
    // The control: what happens to one organization is nothing to the other.
    expect(await retentionsOf(bystander)).toEqual(['payload', 'payload', 'payload']);
    await setBack(house.databases, ['config']);
    await waitFor(
      async () => (await retentionsOf(bystander)).every((one) => one === 'telemetry'),
      20_000,
      50,
    );
    const asked = await Promise.all(house.routers.map((_, router) => ask(org, router)));
    expect(asked.map(({ retention }) => retention)).toEqual(nobody);
    const seen = async (type: string): Promise<Page['data']> => {
      const page = await eventsOf(type).catch(() => undefined);
      return page?.data ?? [];
    };
    await waitFor(async () => (await seen('zdr.guard_raised')).length > 0);
    // It does not heal by itself, nor by a restart, which holds the anchors against what is there.
    await restartServices();
    expect(await retentionsOf(bystander)).toEqual(nobody);
    expect(await retentionsOf(org)).toEqual(nobody);
    const [detected] = await waitFor(async () => {
      const events = await seen('zdr.rollback_detected');
      return events.length > 0 && events;
    });
    expect(detected?.event.subject).toBe(`organization/${org.orgId}`);

    expect(await repair()).toBe(200);
    await untilEffective(house.run.adminConfig, org);
    await waitFor(async () => (await eventsOf('zdr.repaired')).data.length > 0);
    for (const router of house.routers.keys()) await awaitReadable(house, bystander, router);
    const late = await Promise.all(house.routers.map((_, router) => ask(org, router)));
    expect(late.map(({ retention }) => retention)).toEqual(nobody);
    await expectNothingKept([...asked, ...late]);
  }, 180_000);

  it('every database at once, under a running system, and once more with everything restarted', async () => {
    await keepCopy(house.databases);
    for (const router of house.routers.keys()) await awaitReadable(house, bystander, router);
    expect(await enableZdr(house.run.adminConfig, org)).toMatchObject({ status: 200 });
    await setBack(house.databases);
    await waitFor(
      async () => (await retentionsOf(bystander)).every((one) => one === 'telemetry'),
      20_000,
      50,
    );
    const asked = await Promise.all(house.routers.map((_, router) => ask(org, router)));
    expect(asked.map(({ retention }) => retention)).toEqual(nobody);
    await restartServices();
    expect(await retentionsOf(bystander)).toEqual(nobody);
    const late = await Promise.all(house.routers.map((_, router) => ask(org, router)));
    expect(late.map(({ retention }) => retention)).toEqual(nobody);
    await expectNothingKept([...asked, ...late]);
  }, 180_000);
});
