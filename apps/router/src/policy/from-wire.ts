import { isBoundedIdentifier, type OrgId, type Uuid, uuidText, type policy as wire } from '@lethe/contracts';
import { Opaque } from '@lethe/service-kit';
import type { UpstreamRoute } from '../providers/types.js';
import type {
  ApiKeyPolicy,
  OrgPolicy,
  ProviderAccount,
  RegisteredField,
  RegisteredType,
  SealingKey,
} from './types.js';

/** A policy message that does not hold together. It is not loaded: the router says Nack and captures nothing. */
export class MalformedPolicyError extends Error {
  constructor() {
    super('malformed policy');
  }
}

const id = <T extends Uuid>(bytes: Uint8Array): T => {
  const text = uuidText(bytes);
  if (text === undefined) throw new MalformedPolicyError();
  return text as T;
};
const optionalId = <T extends Uuid>(bytes: Uint8Array): T | undefined =>
  bytes.length === 0 ? undefined : id<T>(bytes);

const registeredTypes: Readonly<Record<number, RegisteredType>> = {
  1: 'listed',
  2: 'number',
  3: 'boolean',
  4: 'uuid',
};
const payloadBytesHardMax = 768 * 1024;
const bounded = (value: number, fallback: number, max: number): number =>
  value === 0 ? fallback : Math.min(value, max);

const sealingKey = (key: wire.SealingKey | undefined): SealingKey | undefined => {
  if (key === undefined) return undefined;
  if (key.publicKey.length !== 32) throw new MalformedPolicyError();
  return { transitKeyId: id(key.transitKeyId), publicKey: Buffer.from(key.publicKey) };
};

/** One API key with the hash it is looked up by. */
export const apiKeyFromWire = (
  key: wire.ApiKeyPolicy,
): { readonly sha256Hex: string; readonly policy: ApiKeyPolicy } => {
  if (key.keySha256.length !== 32) throw new MalformedPolicyError();
  return {
    sha256Hex: Buffer.from(key.keySha256).toString('hex'),
    policy: Object.freeze({
      apiKeyId: id(key.apiKeyId),
      orgId: id(key.orgId),
      groupId: optionalId(key.groupId),
      userId: optionalId(key.userId),
      logging: key.logging === true,
      debug: key.debug === true,
      sealingKey: sealingKey(key.sealingKey),
      expiresAtMs: Number(key.expiresAtMs),
    }),
  };
};

const registeredField = (field: wire.RegisteredField): readonly [string, RegisteredField] => {
  const type = registeredTypes[field.type];
  if (type === undefined || !isBoundedIdentifier(field.key)) throw new MalformedPolicyError();
  return [field.key, { type, listedValues: new Set(field.listedValues) }];
};

export const organizationFromWire = (org: wire.OrganizationPolicy): OrgPolicy =>
  Object.freeze({
    orgId: id<OrgId>(org.orgId),
    zdr: org.zdr === true,
    userPseudonymKey: Buffer.from(org.userPseudonymKey),
    registeredFields: new Map(org.registeredFields.map(registeredField)),
    payloadLimits: {
      partBytesMax: bounded(org.payloadLimits?.partBytesMax ?? 0, 32 * 1024, payloadBytesHardMax),
      totalBytesMax: bounded(org.payloadLimits?.totalBytesMax ?? 0, 256 * 1024, payloadBytesHardMax),
    },
    distinctValuesPerDayMax: bounded(org.distinctValuesPerDayMax, 10_000, 100_000),
  });

/** Absent when connections are made the usual way. */
const routeOf = (account: wire.ProviderAccount): UpstreamRoute | undefined => {
  const { proxyUrl, caCertificatesPem, clientCertificatePem, clientPrivateKeyPem } = account;
  const route: UpstreamRoute = {
    ...(proxyUrl === undefined ? {} : { proxyUrl: new Opaque(proxyUrl) }),
    ...(caCertificatesPem === undefined ? {} : { caCertificatesPem }),
    ...(clientCertificatePem === undefined ? {} : { clientCertificatePem }),
    ...(clientPrivateKeyPem === undefined ? {} : { clientPrivateKeyPem: new Opaque(clientPrivateKeyPem) }),
  };
  return Object.keys(route).length === 0 ? undefined : route;
};

export const providerAccountFromWire = (account: wire.ProviderAccount): ProviderAccount => {
  const route = routeOf(account);
  return {
    providerAccountId: account.providerAccountId,
    provider: account.provider,
    baseUrl: account.baseUrl,
    credential: new Opaque(account.credential),
    orgId: optionalId(account.orgId),
    region: account.region,
    ...(route === undefined ? {} : { route }),
  };
};
