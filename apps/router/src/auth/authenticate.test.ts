import { describe, expect, it } from '@jest/globals';
import { tokenSha256 } from '@lethe/service-kit';
import type { ApiKeyPolicy, Policy } from '../policy/types.js';
import { policyOf } from '../testing/policy-of.js';
import { authenticate } from './authenticate.js';

const token = 'sk-lethe-CANARY';
const nowMs = 1_000_000;

interface World {
  readonly key?: Partial<ApiKeyPolicy>;
  readonly usable?: boolean;
  readonly orgKnown?: boolean;
}
const worldOf = ({ key = {}, usable = true, orgKnown = true }: World = {}) => {
  const { policy, principal, org } = policyOf({ orgKnown });
  const known = { ...principal.key, ...key };
  const looked: string[] = [];
  const world: Policy = {
    ...policy,
    usable: () => usable,
    apiKey: (sha256Hex) => {
      looked.push(sha256Hex);
      return sha256Hex === tokenSha256(token).toString('hex') ? known : undefined;
    },
  };
  const ask = (...headers: string[]) => authenticate({ rawHeaders: headers }, world, nowMs);
  return { ask, known, org, looked };
};
const found = { ok: true };
const refused = (code: string) => ({ ok: false, code });

describe('authenticate', () => {
  it('finds the principal by the SHA-256 of the key, wherever it is sent and whatever its prefix', () => {
    const { ask, known, org, looked } = worldOf();
    const principal = { keySha256Hex: tokenSha256(token).toString('hex'), key: known, org };
    expect(ask('Authorization', `Bearer ${token}`)).toEqual({ ok: true, principal });
    expect(ask('Host', 'x', 'authorization', `bearer   ${token}`)).toMatchObject(found);
    expect(ask('X-Api-Key', token)).toEqual({ ok: true, principal });
    expect(ask('Authorization', 'Basic abc', 'x-api-key', token)).toMatchObject(found);
    expect(looked.every((sha256Hex) => /^[0-9a-f]{64}$/.test(sha256Hex))).toBe(true);
    expect(ask('Authorization', 'Bearer another-gateways-key')).toEqual(refused('caller.invalid_api_key'));
  });

  it('asks for a key when there is none', () => {
    const { ask, looked } = worldOf();
    for (const headers of [
      [],
      ['Host', 'x'],
      ['Authorization', 'Bearer '],
      ['Authorization', 'Basic abc'],
      ['x-api-key', ''],
      ['Authorization', token],
      ['Proxy-Authorization', `Bearer ${token}`],
    ])
      expect(ask(...headers)).toEqual(refused('caller.missing_credentials'));
    expect(looked).toEqual([]);
  });

  it('knows no expired key, to the millisecond', () => {
    for (const [expiresAtMs, expected] of [
      [0, found],
      [nowMs + 1, found],
      [nowMs, refused('caller.invalid_api_key')],
      [1, refused('caller.invalid_api_key')],
    ] as const)
      expect(worldOf({ key: { expiresAtMs } }).ask('x-api-key', token)).toMatchObject(expected);
  });

  it('without a usable policy is not ready, with or without a key: 503, never 401', () => {
    const { ask, looked } = worldOf({ usable: false });
    for (const headers of [[], ['x-api-key', token], ['x-api-key', 'unknown']])
      expect(ask(...headers)).toEqual(refused('gateway.not_ready'));
    expect(looked).toEqual([]);
  });

  it('lets a key pass whose organization is not known yet, and says that it is not', () => {
    expect(worldOf({ orgKnown: false }).ask('x-api-key', token)).toMatchObject({
      ok: true,
      principal: { org: undefined },
    });
  });

  it('takes the first of two, as the pipeline is told one principal', () => {
    const { ask } = worldOf();
    expect(ask('x-api-key', 'other', 'x-api-key', token)).toEqual(refused('caller.invalid_api_key'));
    expect(ask('Authorization', 'Bearer other', 'x-api-key', token)).toEqual(
      refused('caller.invalid_api_key'),
    );
  });

  it('returns nothing of what was sent', () => {
    expect(JSON.stringify(worldOf().ask('x-api-key', 'unknown-CANARY'))).not.toContain('CANARY');
    const { principal } = worldOf().ask('x-api-key', token) as { principal: object };
    expect(JSON.stringify(principal, (_, value) => (typeof value === 'bigint' ? '' : value))).not.toContain(
      'CANARY',
    );
  });
});
