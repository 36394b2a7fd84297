import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { mayCall, type ServiceName, serviceNames } from '@lethe/contracts';
import { launchObjects } from './launch-objects.js';
import { portsOf } from './ports.js';

const secrets = {
  operatorToken: 'lethe_ops_of_the_test',
  atRestRootKey: 'a1'.repeat(32),
  auditOrigin: 'lethe.localhost/audit-00000000',
  auditSigningSeed: 'b2'.repeat(32),
};
const account = {
  providerAccountId: 'env-openai',
  provider: 'openai',
  baseUrl: 'https://api.openai.com/v1',
  credential: 'sk-of-the-provider',
  region: '',
};
const launches = () =>
  launchObjects({
    ports: portsOf(4000),
    secrets,
    providerAccounts: [account],
    billingDurability: 'strict',
    routerWorkers: 3,
    leaseTtlMs: 2_000,
    anchorsFolder: '/home-of-the-test/anchors',
    databaseUrl: (role) => `postgres://${role}:secret-of-${role}@host/db`,
  });
const make = (launch = launches()) => ({
  router: launch.router(),
  'admin-config': launch['admin-config'](),
  accounting: launch.accounting(),
  audit: launch.audit(),
});
const objects = make();

/** Whom the methods of each service may be called by, as the contracts have it. */
const packages: Readonly<Record<string, ServiceName>> = {
  policy: 'admin-config',
  identity: 'admin-config',
  accounting: 'accounting',
  audit: 'audit',
};
const expectedCallers = (service: ServiceName): ServiceName[] =>
  serviceNames.filter((caller) =>
    Object.entries(mayCall).some(
      ([method, callers]) => packages[method.split('.')[1] ?? ''] === service && callers.includes(caller),
    ),
  );

type Launched = Record<ServiceName, { serviceCredential: string; callers?: Record<string, string> }>;

describe('what the services are handed over', () => {
  it.each(['admin-config', 'accounting', 'audit'] as const)(
    '%s knows the credentials of exactly the services that may call it',
    (service) => {
      const launched = objects as unknown as Launched;
      const callers = Object.fromEntries(
        expectedCallers(service).map((caller) => [
          caller,
          createHash('sha256').update(launched[caller].serviceCredential).digest('hex'),
        ]),
      );
      expect(launched[service].callers).toEqual(callers);
    },
  );

  it.each([
    ['the root key', secrets.atRestRootKey, ['accounting']],
    ['the key that signs checkpoints', secrets.auditSigningSeed, ['audit']],
    ['the folder of the anchors', '/home-of-the-test/anchors', ['audit']],
    ['the provider account', account.credential, ['admin-config']],
    ['the login that writes payload', 'secret-of-lethe_payload_w', ['accounting']],
    ['the login that appends to the log', 'secret-of-lethe_router_log', ['router']],
    ['the login that puts objects', 'secret-of-lethe_router_objects', ['router']],
    ['the login that reads and removes objects', 'secret-of-lethe_accounting_objects', ['accounting']],
    ['the operator token itself', secrets.operatorToken, []],
  ])('%s goes to nobody else', (_, secret, receivers) => {
    expect(serviceNames.filter((name) => JSON.stringify(objects[name]).includes(secret))).toEqual(receivers);
  });

  it('has new service credentials and a new wrapping key each time', () => {
    const again = make();
    for (const name of serviceNames) expect(again[name]).not.toEqual(objects[name]);
    expect(again.accounting).not.toMatchObject({
      transitWrappingKey: (objects.accounting as { transitWrappingKey: string }).transitWrappingKey,
    });
  });

  it('has a new wrapping key for each process of accounting, and all else as it was', () => {
    const launch = launches();
    const [first, second] = [launch.accounting(), launch.accounting()] as { transitWrappingKey: string }[];
    expect(first?.transitWrappingKey).toMatch(/^[0-9a-f]{64}$/);
    expect(second?.transitWrappingKey).not.toBe(first?.transitWrappingKey);
    expect({ ...second, transitWrappingKey: '' }).toEqual({ ...first, transitWrappingKey: '' });
    for (const name of ['router', 'admin-config', 'audit'] as const)
      expect(launch[name]()).toEqual(launch[name]());
  });

  it('tells admin-config how long a lease lasts', () => {
    expect(objects['admin-config']).toMatchObject({ leaseTtlMs: 2_000 });
  });

  it('tells the router how bills are to be kept, and how many workers it is to have', () => {
    expect(objects.router).toMatchObject({ billingDurability: 'strict', workers: 3 });
  });

  it('offers the simulated provider beside the real ones', () => {
    expect(objects['admin-config']).toMatchObject({
      providerAccounts: [{ providerAccountId: 'sim', baseUrl: 'http://127.0.0.1:4010/v1' }, account],
    });
  });
});
