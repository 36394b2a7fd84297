import { describe, expect, it } from '@jest/globals';
import { CallRefused } from '../../operator/api-client.js';
import type { OperatorApi } from '../../operator/operator-api.js';
import type { Secrets } from '../home/secrets-codec.js';
import type { ManagementApi, ZdrState } from './management-api.js';
import { seedDemo } from './seed-demo.js';

class Killed extends Error {}

/** Admin-config as far as a start sees it; it can end the start after any number of calls. */
class World {
  readonly slugs = new Set<string>();
  readonly credentials = new Map<string, string>();
  readonly loggingKeys = new Set<string>();
  readonly zdr = new Set<string>();
  /** How often it is asked before ZDR is effective. */
  pendingFor = 0;
  /** What is on disk. */
  saved: Secrets = {
    version: 1,
    operatorToken: '',
    postgresPassword: '',
    atRestRootKey: '',
    auditOrigin: 'lethe.localhost/audit-00000000',
    auditSigningSeed: 'b2'.repeat(32),
    organizations: [],
  };
  #made = 0;
  callsLeft = Number.POSITIVE_INFINITY;

  #call<T>(result: T): T {
    if (this.callsLeft-- <= 0) throw new Killed();
    return result;
  }
  #make(kind: string, slug: string): string {
    this.#made += 1;
    const credential = `${kind}-${this.#made}`;
    this.credentials.set(credential, slug);
    return credential;
  }

  readonly operator: OperatorApi = {
    createOrganization: async (slug) => {
      if (this.#call(this.slugs.has(slug))) throw new CallRefused(409, 'conflict', 'taken');
      this.slugs.add(slug);
      return { org_id: slug, slug };
    },
    addMember: async (_slug, _name, role) => ({ user_id: this.#call(`user-${role}`) }),
    createToken: async (slug) => this.#call({ token_id: 't', token: this.#make('token', slug) }),
    createKey: async (slug, key) => {
      const made = this.#call(this.#make('key', slug));
      if (key.logging && this.zdr.has(slug)) throw new CallRefused(403, 'zdr_irrevocable', 'refused');
      if (key.logging) this.loggingKeys.add(made);
      return { api_key_id: `id-${made}`, api_key: made };
    },
    listOrganizations: async () => [],
    revokeToken: async () => undefined,
    rotateKey: async () => ({ api_key_id: '', api_key: '' }),
    revokeKey: async () => undefined,
  };

  readonly management = (credential: string): ManagementApi => ({
    isToken: async () => this.#call(this.credentials.has(credential)),
    isKey: async () => this.#call(this.credentials.has(credential)),
    zdrState: async () => this.#call(this.#zdrState(this.credentials.get(credential) ?? '')),
    enableZdr: async (slug) => {
      this.#call(this.zdr.add(slug));
      return this.#zdrState(slug);
    },
  });

  #zdrState(slug: string): ZdrState {
    if (!this.zdr.has(slug)) return 'off';
    this.pendingFor -= 1;
    return this.pendingFor >= 0 ? 'committed_pending' : 'effective';
  }

  /** One start: reads what is on disk, seeds. */
  async start(zdrPatienceMs = 60_000): Promise<Secrets> {
    const secrets = structuredClone(this.saved);
    await seedDemo({
      operator: this.operator,
      management: this.management,
      secrets,
      signal: new AbortController().signal,
      zdrPatienceMs,
      save: async () => {
        this.#call(undefined);
        this.saved = structuredClone(secrets);
      },
    });
    return secrets;
  }
}

const expectWhole = (world: World): void => {
  const [open, zdr] = world.saved.organizations;
  expect([open?.slug, zdr?.slug]).toEqual(['open-demo', 'zdr-demo']);
  const credentials = [open, zdr].flatMap((organization) => [
    organization?.admin?.token,
    organization?.member?.token,
    ...Object.values(organization?.keys ?? {}).map(({ key }) => key),
  ]);
  expect(credentials).toHaveLength(7);
  for (const credential of credentials) expect(world.credentials.has(credential ?? '')).toBe(true);
  expect([...world.zdr]).toEqual(['zdr-demo']);
  expect(world.loggingKeys.has(open?.keys.logging?.key ?? '')).toBe(true);
  expect(world.loggingKeys.has(open?.keys.quiet?.key ?? '')).toBe(false);
};

describe('the demo of a first start', () => {
  it('is two organizations with tokens and keys, one of them with ZDR', async () => {
    const world = new World();
    await world.start();
    expectWhole(world);
  });

  it('is not done before ZDR is effective, whichever start enabled it', async () => {
    const world = new World();
    world.pendingFor = 3;
    await world.start();
    expect(world.pendingFor).toBe(-1);
    world.pendingFor = 2;
    await world.start();
    expect(world.pendingFor).toBe(-1);
    expectWhole(world);
  });

  it('does not keep a start from ending whose ZDR is committed and cannot become effective', async () => {
    const world = new World();
    world.pendingFor = Number.POSITIVE_INFINITY;
    await world.start(0);
    expectWhole(world);
  });

  it('is found as it was by the next start', async () => {
    const world = new World();
    const first = await world.start();
    expect(await world.start()).toEqual(first);
  });

  it('is whole after a start that was killed at any moment', async () => {
    const counting = new World();
    counting.callsLeft = 1_000;
    await counting.start();
    const calls = 1_000 - counting.callsLeft;
    expect(calls).toBeGreaterThan(20);
    for (let killedAfter = 0; killedAfter < calls; killedAfter += 1) {
      const world = new World();
      world.callsLeft = killedAfter;
      await expect(world.start()).rejects.toThrow(Killed);
      world.callsLeft = Number.POSITIVE_INFINITY;
      await world.start();
      expectWhole(world);
    }
  });

  it('replaces what was revoked and keeps the rest', async () => {
    const world = new World();
    const before = await world.start();
    const revoked = before.organizations[0]?.keys.quiet?.key ?? '';
    world.credentials.delete(revoked);
    const after = await world.start();
    expect(after.organizations[0]?.keys.quiet?.key).not.toBe(revoked);
    expect(after.organizations[0]?.keys.logging).toEqual(before.organizations[0]?.keys.logging);
    expectWhole(world);
  });

  it('makes a quiet key in place of the logging one when the organization got ZDR meanwhile', async () => {
    const world = new World();
    const before = await world.start();
    world.zdr.add('open-demo');
    world.credentials.delete(before.organizations[0]?.keys.logging?.key ?? '');
    const after = await world.start();
    expect(world.loggingKeys.has(after.organizations[0]?.keys.logging?.key ?? '')).toBe(false);
  });
});
