import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { newUuidV7, uuidBytes, policy as wire } from '@lethe/contracts';
import { keyMessage, orgMessage, someOrgId } from '../testing/policy-messages.js';
import {
  apiKeyFromWire,
  MalformedPolicyError,
  organizationFromWire,
  providerAccountFromWire,
} from './from-wire.js';

const [apiKeyId, groupId, userId, transitKeyId] = Array.from({ length: 4 }, () => newUuidV7());
const account = (change: Partial<wire.ProviderAccount> = {}): wire.ProviderAccount => ({
  providerAccountId: 'sim-1',
  provider: 'sim',
  baseUrl: 'http://127.0.0.1:4010',
  credential: 'CANARY-7f1f',
  orgId: Buffer.alloc(0),
  region: 'eu',
  ...change,
});
const field = (change: Partial<wire.RegisteredField> = {}): wire.RegisteredField => ({
  key: 'team',
  type: wire.RegisteredFieldType.REGISTERED_FIELD_TYPE_LISTED,
  listedValues: ['a', 'b'],
  ...change,
});

describe('an API key', () => {
  it('is read whole, and cannot be changed afterwards', () => {
    const sealingKey = { transitKeyId: uuidBytes(transitKeyId), publicKey: Buffer.alloc(32, 7) };
    const { sha256Hex, policy } = apiKeyFromWire(
      keyMessage({
        apiKeyId: uuidBytes(apiKeyId),
        keySha256: Buffer.alloc(32, 0xab),
        groupId: uuidBytes(groupId),
        userId: uuidBytes(userId),
        logging: true,
        debug: true,
        sealingKey,
        expiresAtMs: 1_795_287_600_123n,
      }),
    );
    expect(sha256Hex).toBe('ab'.repeat(32));
    expect(policy).toEqual({
      apiKeyId,
      orgId: someOrgId,
      groupId,
      userId,
      logging: true,
      debug: true,
      sealingKey: { transitKeyId, publicKey: sealingKey.publicKey },
      expiresAtMs: 1_795_287_600_123,
    });
    expect(Object.isFrozen(policy)).toBe(true);
    expect(policy.sealingKey?.publicKey.buffer).not.toBe(sealingKey.publicKey.buffer);
  });

  it('has no group, owner, sealing key or end when none is given', () => {
    expect(apiKeyFromWire(keyMessage()).policy).toMatchObject({
      groupId: undefined,
      userId: undefined,
      sealingKey: undefined,
      expiresAtMs: 0,
      logging: false,
      debug: false,
    });
  });

  it.each<[string, Partial<wire.ApiKeyPolicy>]>([
    ['no id', { apiKeyId: Buffer.alloc(0) }],
    ['a short id', { apiKeyId: Buffer.alloc(15) }],
    ['no organization', { orgId: Buffer.alloc(0) }],
    ['a short hash', { keySha256: Buffer.alloc(31) }],
    ['no hash', { keySha256: Buffer.alloc(0) }],
    ['a half group', { groupId: Buffer.alloc(8) }],
    ['a half owner', { userId: Buffer.alloc(17) }],
    [
      'a short sealing key',
      { sealingKey: { transitKeyId: uuidBytes(transitKeyId), publicKey: Buffer.alloc(31) } },
    ],
    [
      'a nameless sealing key',
      { sealingKey: { transitKeyId: Buffer.alloc(0), publicKey: Buffer.alloc(32) } },
    ],
  ])('with %s does not hold together', (_what, change) => {
    expect(() => apiKeyFromWire(keyMessage(change))).toThrow(MalformedPolicyError);
  });

  it('logs only if it says so with exactly true', () => {
    for (const value of [undefined, 1, 'true', {}])
      expect(apiKeyFromWire(keyMessage({ logging: value as boolean })).policy.logging).toBe(false);
  });
});

describe('an organization', () => {
  it('has bounds of its own, those of the house where it has none, and none that are too wide', () => {
    expect(organizationFromWire(orgMessage())).toMatchObject({
      orgId: someOrgId,
      zdr: false,
      payloadLimits: { partBytesMax: 32 * 1024, totalBytesMax: 256 * 1024 },
      distinctValuesPerDayMax: 10_000,
    });
    const narrow = orgMessage({
      zdr: true,
      payloadLimits: { partBytesMax: 10, totalBytesMax: 20 },
      distinctValuesPerDayMax: 5,
    });
    expect(organizationFromWire(narrow)).toMatchObject({
      zdr: true,
      payloadLimits: { partBytesMax: 10, totalBytesMax: 20 },
      distinctValuesPerDayMax: 5,
    });
    const wide = orgMessage({
      payloadLimits: { partBytesMax: 2 ** 31, totalBytesMax: 2 ** 31 },
      distinctValuesPerDayMax: 2 ** 31,
    });
    expect(organizationFromWire(wide)).toMatchObject({
      payloadLimits: { partBytesMax: 768 * 1024, totalBytesMax: 768 * 1024 },
      distinctValuesPerDayMax: 100_000,
    });
  });

  it('reads registered fields with their closed types', () => {
    const types = wire.RegisteredFieldType;
    const { registeredFields } = organizationFromWire(
      orgMessage({
        registeredFields: [
          field(),
          field({ key: 'n', type: types.REGISTERED_FIELD_TYPE_NUMBER, listedValues: [] }),
          field({ key: 'b', type: types.REGISTERED_FIELD_TYPE_BOOLEAN, listedValues: [] }),
          field({ key: 'u', type: types.REGISTERED_FIELD_TYPE_UUID, listedValues: [] }),
        ],
      }),
    );
    expect([...registeredFields].map(([key, { type }]) => [key, type])).toEqual([
      ['team', 'listed'],
      ['n', 'number'],
      ['b', 'boolean'],
      ['u', 'uuid'],
    ]);
    expect(registeredFields.get('team')?.listedValues).toEqual(new Set(['a', 'b']));
  });

  it.each<[string, Partial<wire.OrganizationPolicy>]>([
    ['no id', { orgId: Buffer.alloc(0) }],
    ['a field of no type', { registeredFields: [field({ type: 0 })] }],
    ['a field of an unknown type', { registeredFields: [field({ type: 99 as wire.RegisteredFieldType })] }],
    ['a field whose key is free text', { registeredFields: [field({ key: 'free text' })] }],
  ])('with %s does not hold together', (_what, change) => {
    expect(() => organizationFromWire(orgMessage(change))).toThrow(MalformedPolicyError);
  });
});

describe('a provider account', () => {
  it('is the deployment’s own or an organization’s; its credential cannot be printed', () => {
    const shared = providerAccountFromWire(account());
    expect(shared).toMatchObject({
      providerAccountId: 'sim-1',
      provider: 'sim',
      orgId: undefined,
      region: 'eu',
    });
    expect(shared.credential.reveal()).toBe('CANARY-7f1f');
    expect(JSON.stringify(shared) + inspect(shared, { showHidden: true })).not.toContain('CANARY');
    expect(providerAccountFromWire(account({ orgId: uuidBytes(someOrgId) })).orgId).toBe(someOrgId);
  });

  it('says how it is reached only where that is not the usual way, and prints no secret of it', () => {
    expect('route' in providerAccountFromWire(account())).toBe(false);
    const { route } = providerAccountFromWire(
      account({
        proxyUrl: 'http://u:CANARY-1@proxy',
        caCertificatesPem: 'an authority',
        clientCertificatePem: 'a certificate',
        clientPrivateKeyPem: 'CANARY-2',
      }),
    );
    expect(route).toMatchObject({ caCertificatesPem: 'an authority', clientCertificatePem: 'a certificate' });
    expect(route?.proxyUrl?.reveal()).toBe('http://u:CANARY-1@proxy');
    expect(route?.clientPrivateKeyPem?.reveal()).toBe('CANARY-2');
    expect(JSON.stringify(route) + inspect(route, { showHidden: true })).not.toContain('CANARY');
    const proxied = providerAccountFromWire(account({ proxyUrl: 'http://proxy' }));
    expect(Object.keys(proxied.route ?? {})).toEqual(['proxyUrl']);
  });

  it('of half an organization does not hold together: it must not become everybody’s', () => {
    expect(() => providerAccountFromWire(account({ orgId: Buffer.alloc(8) }))).toThrow(MalformedPolicyError);
  });
});

describe('a refusal', () => {
  it('carries nothing of what was refused', () => {
    const error = new MalformedPolicyError();
    expect([String(error), error.cause]).toEqual(['Error: malformed policy', undefined]);
  });
});
