import { describe, expect, it } from '@jest/globals';
import { newUuidV7, type OrgId, uuidBytes, type policy as wire } from '@lethe/contracts';
import fc from 'fast-check';
import { PolicyStore } from './policy-store.js';

const orgId = newUuidV7() as OrgId;
const hash = (n: number): Buffer => Buffer.alloc(32, n);
const org = (zdr: boolean, id = orgId): wire.OrganizationPolicy => ({
  orgId: uuidBytes(id),
  zdr,
  userPseudonymKey: Buffer.alloc(32, 1),
  registeredFields: [],
  payloadLimits: undefined,
  distinctValuesPerDayMax: 0,
});
const key = (n: number, id = newUuidV7()): wire.ApiKeyPolicy => ({
  apiKeyId: uuidBytes(id),
  keySha256: hash(n),
  orgId: uuidBytes(orgId),
  groupId: Buffer.alloc(0),
  userId: Buffer.alloc(0),
  logging: true,
  debug: false,
  sealingKey: undefined,
  expiresAtMs: 0n,
});
const snapshot = (version: bigint, change: Partial<wire.Snapshot> = {}): wire.Snapshot => ({
  version,
  organizations: [org(false)],
  apiKeys: [key(1)],
  zdrOrgIds: [],
  providerAccounts: [],
  ...change,
});
const delta = (fromVersion: bigint, version: bigint, change: Partial<wire.Delta> = {}): wire.Delta => ({
  fromVersion,
  version,
  organizations: [],
  apiKeys: [],
  removedApiKeyIds: [],
  zdrOrgIds: [],
  providerAccounts: [],
  removedProviderAccountIds: [],
  ...change,
});
/** A store with a lease that was granted as soon as it could be. */
const store = (now = () => 0) => {
  const clocks = { hrtimeMs: now, uptimeMs: now };
  const made = new PolicyStore({ keysHonouredMsMax: 1000, clocks });
  made.heard();
  const renew = (): void => {
    const nonce = made
      .take({ type: 'connected', bootId: 'boot' })
      .flatMap((e) => (e.type === 'renew' ? [e.nonce] : []))[0];
    made.take({ type: 'grant', nonce: nonce as bigint, ttlMs: 10_000, version: made.version });
  };
  /** What the router says to a message: that it applied it, or why it refuses. */
  const told = (effects: ReturnType<PolicyStore['take']>): string => {
    renew();
    const nack = effects.find((effect) => effect.type === 'nack');
    return nack?.type === 'nack' ? nack.reason : 'applied';
  };
  return Object.assign(made, {
    applySnapshot: (message: wire.Snapshot) => told(made.takePolicy(message)),
    applyDelta: (message: wire.Delta) => told(made.takePolicy(message)),
  });
};

describe('policy store', () => {
  it('is closed and unusable before the first snapshot', () => {
    const policy = store();
    expect(policy.usable()).toBe(false);
    expect(policy.gate.open()).toBe(false);
    expect(policy.applySnapshot(snapshot(1n))).toBe('applied');
    expect([policy.usable(), policy.gate.open()]).toEqual([true, true]);
  });

  it('replaces a named key whole: a rotation has two hashes, afterwards one, a revocation none', () => {
    const id = newUuidV7();
    const policy = store();
    policy.applySnapshot(snapshot(1n, { apiKeys: [key(1, id)] }));
    policy.applyDelta(delta(1n, 2n, { apiKeys: [key(1, id), key(2, id)] }));
    expect([1, 2].map((n) => policy.apiKey(hash(n).toString('hex'))?.apiKeyId)).toEqual([id, id]);
    policy.applyDelta(delta(2n, 3n, { apiKeys: [key(2, id)] }));
    expect([1, 2].map((n) => policy.apiKey(hash(n).toString('hex'))?.apiKeyId)).toEqual([undefined, id]);
    policy.applyDelta(delta(3n, 4n, { removedApiKeyIds: [uuidBytes(id)] }));
    expect(policy.apiKey(hash(2).toString('hex'))).toBeUndefined();
  });

  it('says gap when a delta does not follow, and keeps what it has', () => {
    const policy = store();
    policy.applySnapshot(snapshot(5n));
    expect(policy.applyDelta(delta(6n, 7n))).toBe('gap');
    expect(policy.version).toBe(5n);
  });

  it('R2 sticky: whatever follows, an organization once seen as ZDR stays ZDR and a contradiction closes the gate', () => {
    const policy = store();
    const zdrOrgIds = [uuidBytes(orgId)];
    expect(policy.applySnapshot(snapshot(1n, { organizations: [org(true)], zdrOrgIds }))).toBe('applied');
    expect(policy.gate.open()).toBe(true);
    expect(policy.applySnapshot(snapshot(2n, { organizations: [org(false)] }))).toBe('zdr_regression');
    expect(policy.organization(orgId)?.zdr).toBe(true);
    expect(policy.gate.open()).toBe(false);
  });

  it('learns ZDR from either of its two sources', () => {
    const policy = store();
    policy.applySnapshot(snapshot(1n));
    policy.applyDelta(delta(1n, 2n, { zdrOrgIds: [uuidBytes(orgId)] }));
    expect(policy.organization(orgId)?.zdr).toBe(true);
  });

  it('refuses a snapshot older than what it has: a restored database grants nothing', () => {
    const policy = store();
    policy.applySnapshot(snapshot(9n));
    expect(policy.applySnapshot(snapshot(8n))).toBe('zdr_regression');
    expect(policy.gate.open()).toBe(false);
  });

  it('loads nothing of a message that does not hold together', () => {
    const policy = store();
    policy.applySnapshot(snapshot(1n));
    const broken = { ...key(3), keySha256: Buffer.alloc(5) };
    expect(policy.applyDelta(delta(1n, 2n, { apiKeys: [key(4), broken] }))).toBe('malformed');
    expect(policy.version).toBe(1n);
    expect(policy.apiKey(hash(4).toString('hex'))).toBeUndefined();
  });

  it('honours known keys for its term after the last word, then says so', () => {
    let now = 0;
    const policy = store(() => now);
    policy.applySnapshot(snapshot(1n));
    now = 1000;
    expect(policy.usable()).toBe(true);
    now = 1001;
    expect(policy.usable()).toBe(false);
  });

  it('never forgets a ZDR organization under any sequence of messages', () => {
    const orgs = Array.from({ length: 4 }, () => newUuidV7() as OrgId);
    const step = fc.record({
      zdr: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      listed: fc.array(fc.nat(3), { maxLength: 2 }),
      full: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const policy = store();
        const zdrSeen = new Set<OrgId>();
        let version = 0n;
        for (const { zdr, listed, full } of steps) {
          version += 1n;
          const organizations = orgs.map((id, i) => org(zdr[i] as boolean, id));
          const zdrOrgIds = listed.map((i) => uuidBytes(orgs[i]));
          const applied = full
            ? policy.applySnapshot(snapshot(version, { organizations, zdrOrgIds, apiKeys: [] }))
            : policy.applyDelta(delta(policy.version, version, { organizations, zdrOrgIds }));
          if (applied === 'applied') {
            for (const [i, id] of orgs.entries()) if (zdr[i] || listed.includes(i)) zdrSeen.add(id);
          }
          for (const id of zdrSeen) expect(policy.organization(id)?.zdr).toBe(true);
        }
      }),
      { seed: 7, numRuns: 300 },
    );
  });
});
