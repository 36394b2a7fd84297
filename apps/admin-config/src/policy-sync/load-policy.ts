import { type ApiKeyId, type OrgId, uuidBytes, policy as wire } from '@lethe/contracts';
import { distinctValuesPerDayMax } from '../domain/bounds.js';
import type { CommittedOrg, GuardReason } from '../domain/zdr.js';
import type { Database } from '../store/database.js';
import {
  currentTransitKeys,
  policyApiKeys,
  policyFields,
  policyOrganizations,
  zdrOrganizationIds,
} from '../store/policy-rows.js';
import type { FieldType } from '../store/schema.js';
import { readVersion } from '../store/version.js';
import { guardsRaised } from '../store/zdr-guards.js';
import { tombstoneOrgIds } from '../store/zdr-log.js';
import { pendingZdr } from '../store/zdr-steps.js';
import { apiKeyEntry, organizationEntry, type PolicyState } from './policy-state.js';

const fieldTypes: Readonly<Record<FieldType, wire.RegisteredFieldType>> = {
  listed: wire.RegisteredFieldType.REGISTERED_FIELD_TYPE_LISTED,
  number: wire.RegisteredFieldType.REGISTERED_FIELD_TYPE_NUMBER,
  boolean: wire.RegisteredFieldType.REGISTERED_FIELD_TYPE_BOOLEAN,
  uuid: wire.RegisteredFieldType.REGISTERED_FIELD_TYPE_UUID,
};

type Rows<T extends (...args: never[]) => PromiseLike<unknown>> = Awaited<ReturnType<T>>;

const organizationsOf = (
  rows: Rows<typeof policyOrganizations>,
  fields: Rows<typeof policyFields>,
  tombstones: ReadonlySet<OrgId>,
): PolicyState['organizations'] => {
  const fieldsByOrg = new Map<OrgId, wire.RegisteredField[]>();
  for (const field of fields) {
    const list = fieldsByOrg.get(field.orgId) ?? [];
    list.push({ key: field.key, type: fieldTypes[field.type], listedValues: [...field.listedValues] });
    fieldsByOrg.set(field.orgId, list);
  }
  return new Map(
    rows.map((row) => [
      row.id,
      organizationEntry({
        orgId: uuidBytes(row.id),
        zdr: row.zdrEnabledAt !== null || tombstones.has(row.id),
        userPseudonymKey: row.userPseudonymKey,
        registeredFields: fieldsByOrg.get(row.id) ?? [],
        payloadLimits: row.payloadLimits,
        distinctValuesPerDayMax,
      }),
    ]),
  );
};

const expiryMs = (...moments: readonly (Date | null)[]): bigint => {
  const times = moments.filter((moment) => moment !== null).map((moment) => moment.getTime());
  return times.length === 0 ? 0n : BigInt(Math.min(...times));
};

const apiKeysOf = (
  rows: Rows<typeof policyApiKeys>,
  organizations: PolicyState['organizations'],
  transitKeys: Rows<typeof currentTransitKeys>,
): PolicyState['apiKeys'] => {
  const sealing = new Map(
    transitKeys.map((key): [OrgId, wire.SealingKey] => [
      key.orgId,
      { transitKeyId: uuidBytes(key.transitKeyId), publicKey: key.publicKey },
    ]),
  );
  const byKey = new Map<ApiKeyId, wire.ApiKeyPolicy[]>();
  for (const row of rows) {
    // The grant is the key: it travels only with a key that logs, of an organization known to be without ZDR.
    const mayLog = organizations.get(row.orgId)?.value.zdr === false;
    const list = byKey.get(row.id) ?? [];
    list.push({
      apiKeyId: uuidBytes(row.id),
      keySha256: row.sha256,
      orgId: uuidBytes(row.orgId),
      groupId: uuidBytes(row.groupId ?? undefined),
      userId: uuidBytes(row.ownerUserId),
      logging: row.logging && mayLog,
      debug: row.debug && mayLog,
      sealingKey: row.logging && mayLog ? sealing.get(row.orgId) : undefined,
      expiresAtMs: expiryMs(row.expiresAt, row.notAfter),
    });
    byKey.set(row.id, list);
  }
  return new Map([...byKey].map(([id, list]) => [id, apiKeyEntry(list)]));
};

/** What one look at the database shows, all of it at one moment. */
export interface PolicyReading {
  readonly version: bigint;
  /** ZDR by the rows and by what the anchors remember. */
  readonly zdrOrgIds: ReadonlySet<OrgId>;
  readonly guards: readonly GuardReason[];
  /** Committed and not effective yet. */
  readonly pending: readonly CommittedOrg[];
  /** Undefined: the version is the one that is known. */
  readonly state: PolicyState | undefined;
}

interface Known {
  readonly providerAccounts: readonly wire.ProviderAccount[];
  readonly now: Date;
  readonly version: bigint | undefined;
}

/**
 * Reads the policy at one version: all queries see the same moment of the database. What the anchors of the audit log
 * remember as ZDR is ZDR here, whatever the organization's row says.
 */
export const loadPolicy = (database: Database, known: Known): Promise<PolicyReading> =>
  database.transaction(async (tx) => {
    const version = await readVersion(tx);
    const tombstones = await tombstoneOrgIds(tx);
    const zdrOrgIds = new Set([...(await zdrOrganizationIds(tx)), ...tombstones]);
    const reading = {
      ...{ version, zdrOrgIds },
      guards: await guardsRaised(tx),
      pending: await pendingZdr(tx),
    };
    if (version === known.version) return { ...reading, state: undefined };
    const organizations = organizationsOf(await policyOrganizations(tx), await policyFields(tx), tombstones);
    const keys = await policyApiKeys(tx, known.now);
    const state: PolicyState = {
      ...{ version, organizations, zdrOrgIds, providerAccounts: known.providerAccounts },
      apiKeys: apiKeysOf(keys, organizations, await currentTransitKeys(tx)),
    };
    return { ...reading, state };
  }, 'repeatable read');
