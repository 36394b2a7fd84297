import { randomBytes } from 'node:crypto';
import { newUuidV7, type OrgId } from '@lethe/contracts';
import type { Organization, PayloadLimits } from '../domain/organization.js';
import type { Caller, OrgRef } from '../domain/principal.js';
import { guardAdmin } from '../lockdown/admins-only.js';
import { guardOrgPolicy, guardPayloadLimits, type OrgPolicyField } from '../lockdown/org-policy.js';
import { RefusedChange } from '../lockdown/refused-change.js';
import { openOrgRow } from '../outbox/calls.js';
import {
  findOrganization,
  insertOrganization,
  pageOfOrganizations,
  updateOrganization,
} from '../store/organizations.js';
import { type Deps, makeChange } from './change.js';
import { lockedOrganization, readableOrganization } from './locked.js';

/** Makes an organization. Only the operator may. Rejects with caller.conflict when the slug is taken. */
export const createOrganization = (
  deps: Deps,
  caller: Caller,
  wish: { readonly slug: string; readonly name: string },
): Promise<{ readonly id: OrgId; readonly slug: string }> =>
  makeChange(deps, caller, async (change) => {
    const id: OrgId = newUuidV7();
    const target = { kind: 'organization', id } as const;
    if (change.principal.kind !== 'operator')
      throw new RefusedChange('caller.forbidden', { orgId: undefined, target, attempted: 'org.created' });
    if ((await findOrganization(change.tx, { slug: wish.slug })) !== undefined)
      throw new RefusedChange(
        'caller.conflict',
        { orgId: undefined, target, attempted: 'org.created' },
        'slug',
      );
    await insertOrganization(change.tx, {
      id,
      slug: wish.slug,
      name: wish.name,
      userPseudonymKey: randomBytes(32),
      createdAt: change.now,
    });
    const after = { slug: wish.slug, default_logging: false, allow_logging_change: true };
    change.audit({ type: 'org.created', orgId: id, target, after });
    change.send([openOrgRow(id)]);
    return { id, slug: wish.slug };
  });

export interface OrganizationWish {
  readonly name: string | undefined;
  readonly defaultLogging: boolean | undefined;
  readonly allowLoggingChange: boolean | undefined;
  readonly payloadLimits: { readonly [K in keyof PayloadLimits]: PayloadLimits[K] | undefined };
}

/** The limits that a wish names, as settings of an event. */
const limitSettings = (wish: OrganizationWish['payloadLimits'], limits: PayloadLimits) => ({
  ...(wish.partBytesMax === undefined ? {} : { payload_part_bytes_max: limits.partBytesMax }),
  ...(wish.totalBytesMax === undefined ? {} : { payload_total_bytes_max: limits.totalBytesMax }),
});

const limitsAfter = (org: Organization, { payloadLimits: wish }: OrganizationWish): PayloadLimits => ({
  partBytesMax: wish.partBytesMax ?? org.payloadLimits.partBytesMax,
  totalBytesMax: wish.totalBytesMax ?? org.payloadLimits.totalBytesMax,
});

/** What a refused wish for the organization's policy was, and what stays. */
const attemptedPolicy = (org: Organization, wish: OrganizationWish) => {
  const { defaultLogging, allowLoggingChange, payloadLimits } = wish;
  return {
    present: {
      ...limitSettings(payloadLimits, org.payloadLimits),
      ...(defaultLogging === undefined ? {} : { default_logging: org.defaultLogging }),
      ...(allowLoggingChange === undefined ? {} : { allow_logging_change: org.allowLoggingChange }),
    },
    wished: {
      ...limitSettings(payloadLimits, limitsAfter(org, wish)),
      ...(defaultLogging === undefined ? {} : { default_logging: defaultLogging }),
      ...(allowLoggingChange === undefined ? {} : { allow_logging_change: allowLoggingChange }),
      ...(wish.name === undefined ? {} : { name_changed: wish.name !== org.name }),
    },
  };
};

/** Changes name, logging policy and payload limits, all or nothing. What is so already is no change. */
export const changeOrganization = (
  deps: Deps,
  caller: Caller,
  ref: OrgRef,
  wish: OrganizationWish,
): Promise<Organization> =>
  makeChange(deps, caller, async (change) => {
    const org = await lockedOrganization(change, ref);
    guardAdmin(change.principal, {
      orgId: org.id,
      target: { kind: 'organization', id: org.id },
      attempted: 'org.updated',
      ...attemptedPolicy(org, wish),
    });
    const changes = (field: OrgPolicyField, to: boolean | undefined): to is boolean =>
      to !== undefined && guardOrgPolicy({ principal: change.principal, org, field, to }) === 'change';
    const limits = limitsAfter(org, wish);
    const present = limitSettings(wish.payloadLimits, org.payloadLimits);
    const wished = limitSettings(wish.payloadLimits, limits);
    const rows: Parameters<typeof updateOrganization>[2] = {
      ...(changes('default_logging', wish.defaultLogging) ? { defaultLogging: wish.defaultLogging } : {}),
      ...(changes('allow_logging_change', wish.allowLoggingChange)
        ? { allowLoggingChange: wish.allowLoggingChange }
        : {}),
      ...(guardPayloadLimits({ org, to: limits, present, wished }) === 'change'
        ? { payloadLimits: limits }
        : {}),
      ...(wish.name !== undefined && wish.name !== org.name ? { name: wish.name } : {}),
    };
    if (Object.keys(rows).length === 0) return org;
    await updateOrganization(change.tx, org.id, rows);
    const changed = { ...org, ...rows };
    change.audit({
      type: 'org.updated',
      orgId: org.id,
      target: { kind: 'organization', id: org.id },
      before: {
        default_logging: org.defaultLogging,
        allow_logging_change: org.allowLoggingChange,
        ...present,
      },
      after: {
        default_logging: changed.defaultLogging,
        allow_logging_change: changed.allowLoggingChange,
        ...wished,
        name_changed: rows.name !== undefined,
      },
    });
    return changed;
  });

export const readOrganization = (deps: Deps, caller: Caller, ref: OrgRef): Promise<Organization> =>
  deps.database.read((db) => readableOrganization(db, caller.principal, ref));

/** All organizations, for the operator. */
export const listOrganizations = (
  deps: Deps,
  page: { readonly after: OrgId | undefined; readonly limit: number },
): Promise<Organization[]> => deps.database.read((db) => pageOfOrganizations(db, page));
