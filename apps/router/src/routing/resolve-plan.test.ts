import { describe, expect, it } from '@jest/globals';
import { newUuidV7, type OrgId } from '@lethe/contracts';
import { catalogModels, catalogProviders } from '@lethe/model-catalog';
import { Opaque } from '@lethe/service-kit';
import { chatFace } from '../dialects/openai/chat.js';
import type { ProviderAccount } from '../policy/types.js';
import { policyOf } from '../testing/policy-of.js';
import { resolvePlan } from './resolve-plan.js';

const account = (change: Partial<ProviderAccount> = {}): ProviderAccount => ({
  providerAccountId: 'a',
  provider: 'sim',
  baseUrl: 'http://127.0.0.1:4010/v1',
  credential: new Opaque('CANARY'),
  orgId: undefined,
  region: 'local',
  ...change,
});
const plan = (model: string, accounts: readonly ProviderAccount[]) => {
  const { policy, principal } = policyOf({ accounts });
  const asked: [string, OrgId][] = [];
  const noting = {
    ...policy,
    providerAccounts: (provider: string, orgId: OrgId) => {
      asked.push([provider, orgId]);
      return accounts;
    },
  };
  return {
    attempts: resolvePlan(model, chatFace, { principal, policy: noting }),
    asked,
    orgId: principal.key.orgId,
  };
};
const unknown = expect.objectContaining({ code: 'caller.model_unknown', param: 'model' });

describe('a fallback plan', () => {
  it('has every account that may serve, in the policy’s order, and says which is the customer’s own', () => {
    const own = account({ providerAccountId: 'own', orgId: newUuidV7() as OrgId, region: 'eu' });
    const shared = account({ providerAccountId: 'shared' });
    const { attempts, asked, orgId } = plan('sim/echo', [own, shared]);
    expect(attempts.map((attempt) => [attempt.account, attempt.byok, attempt.region])).toEqual([
      [own, true, 'eu'],
      [shared, false, 'local'],
    ]);
    expect(asked).toEqual([['sim', orgId]]);
    expect(attempts[0]).toMatchObject({
      provider: { id: 'sim' },
      model: { id: 'sim/echo' },
      upstreamModel: 'echo',
    });
  });

  it('goes to each account by the account’s own way', () => {
    const route = { caCertificatesPem: 'an authority' };
    const { attempts } = plan('sim/echo', [account({ route }), account()]);
    expect(attempts[0].target.route).toBe(route);
    expect(attempts[1]?.target).not.toHaveProperty('route');
  });

  it('keeps to the region that was asked for', () => {
    const [eu, us] = [account({ region: 'eu' }), account({ region: 'us' })];
    expect(plan('sim/echo@us', [eu, us]).attempts.map(({ region }) => region)).toEqual(['us']);
    expect(() => plan('sim/echo@us', [eu])).toThrow(unknown);
  });

  it.each([
    '',
    'echo',
    'sim/',
    'sim/CANARY',
    'CANARY/echo',
    'policy/fast',
    'sim/echo@mars',
    '__proto__/x',
    `sim/${'x'.repeat(300)}`,
  ])('does not exist for %s', (model) => {
    expect(() => plan(model, [account()])).toThrow(unknown);
    expect(() => plan(model, [account()])).not.toThrow(/CANARY/);
  });

  it('does not exist without an account, nor at an endpoint that the model is not offered at', () => {
    expect(() => plan('sim/echo', [])).toThrow(unknown);
    const other = catalogModels.find(
      ({ provider }) => catalogProviders.find(({ id }) => id === provider)?.dialect !== 'openai',
    );
    expect(other).toBeDefined();
    const elsewhere = expect.objectContaining({ code: 'caller.endpoint_mismatch', param: 'model' });
    expect(() => plan(other?.id ?? '', [account()])).toThrow(elsewhere);
    expect(() => plan('sim/embed', [account()])).toThrow(elsewhere);
  });

  it.each([
    ['https://api.example.org', 'https://api.example.org', '/chat/completions'],
    ['https://api.example.org/', 'https://api.example.org', '/chat/completions'],
    ['https://api.example.org:8443/v1', 'https://api.example.org:8443', '/v1/chat/completions'],
    ['http://127.0.0.1:1/a/b/', 'http://127.0.0.1:1', '/a/b/chat/completions'],
  ])('sends to the path under the base URL %s', (baseUrl, origin, path) => {
    const known = account({ baseUrl });
    const [{ target }] = plan('sim/echo', [known]).attempts;
    expect(target).toMatchObject({ origin, path, credential: known.credential, authentication: 'bearer' });
    expect(plan('sim/chat', [known]).attempts[0].target).toBe(target);
  });

  it('can be printed without a credential', () => {
    const { attempts } = plan('sim/echo', [account()]);
    const text = JSON.stringify(attempts, (_, value) => (typeof value === 'bigint' ? '' : value));
    expect(text).not.toContain('CANARY');
  });
});
