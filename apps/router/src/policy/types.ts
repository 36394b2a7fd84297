import type { ApiKeyId, GroupId, OrgId, UserId, Uuid } from '@lethe/contracts';
import type { Secret } from '@lethe/service-kit';
import type { UpstreamRoute } from '../providers/types.js';

/** The public half of an organization's transit key. Present on a key only while logging is allowed: the grant is the key. */
export interface SealingKey {
  readonly transitKeyId: Uuid;
  readonly publicKey: Buffer; // X25519, 32 bytes
}

export interface ApiKeyPolicy {
  readonly apiKeyId: ApiKeyId;
  readonly orgId: OrgId;
  readonly groupId: GroupId | undefined;
  readonly userId: UserId | undefined;
  readonly logging: boolean;
  readonly debug: boolean;
  readonly sealingKey: SealingKey | undefined;
  readonly expiresAtMs: number; // 0: never
}

export type RegisteredType = 'listed' | 'number' | 'boolean' | 'uuid';
export interface RegisteredField {
  readonly type: RegisteredType;
  readonly listedValues: ReadonlySet<string>;
}

export interface OrgPolicy {
  readonly orgId: OrgId;
  readonly zdr: boolean;
  readonly userPseudonymKey: Buffer;
  readonly registeredFields: ReadonlyMap<string, RegisteredField>;
  readonly payloadLimits: { readonly partBytesMax: number; readonly totalBytesMax: number };
  readonly distinctValuesPerDayMax: number;
}

export interface ProviderAccount {
  readonly providerAccountId: string;
  readonly provider: string;
  readonly baseUrl: string;
  readonly credential: Secret;
  readonly orgId: OrgId | undefined; // undefined: the deployment's own account
  readonly region: string;
  /** How connections to it are made, where that is not the usual way. */
  readonly route?: UpstreamRoute;
}

/** Whether payload may be captured at all right now: the leased, fresh, gapless state of the policy. */
export interface Gate {
  open(): boolean;
}

/** The small view the router obeys. Every answer is read from memory; policy objects are immutable. */
export interface Policy {
  /** 0: this router never had a snapshot. */
  readonly version: bigint;
  /** False: no snapshot yet, or the control plane has been gone longer than known keys are honoured. */
  usable(): boolean;
  readonly gate: Gate;
  apiKey(sha256Hex: string): ApiKeyPolicy | undefined;
  organization(orgId: OrgId): OrgPolicy | undefined;
  /** Accounts of a provider that an organization may use: its own first. */
  providerAccounts(provider: string, orgId: OrgId): readonly ProviderAccount[];
  /** Providers of which an organization may use an account. */
  providers(orgId: OrgId | undefined): readonly string[];
}
