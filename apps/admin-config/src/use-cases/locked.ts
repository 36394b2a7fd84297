import type { ApiKeyId, AuditEventType } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';
import type { ApiKey } from '../domain/api-key.js';
import type { Organization } from '../domain/organization.js';
import type { OrgRef, Principal } from '../domain/principal.js';
import { findApiKey } from '../store/api-keys.js';
import type { Queryable } from '../store/database.js';
import { findOrganization, lockOrganization } from '../store/organizations.js';
import type { Change } from './change.js';
import { refuseForeign } from './foreign.js';

const belongsTo = (principal: Principal, org: Organization): boolean =>
  principal.kind !== 'user' || principal.orgId === org.id;

/** The organization of a change, locked. Another organization's looks as if it were not there. */
export const lockedOrganization = async (change: Change, ref: OrgRef): Promise<Organization> => {
  const org = await lockOrganization(change.tx, ref);
  if (org === undefined || !belongsTo(change.principal, org)) throw new LetheError('caller.not_found');
  return org;
};

export const readableOrganization = async (
  db: Queryable,
  principal: Principal,
  ref: OrgRef,
): Promise<Organization> => {
  const org = await findOrganization(db, ref);
  if (org === undefined || !belongsTo(principal, org)) throw new LetheError('caller.not_found');
  return org;
};

/** A key and its organization, locked. `attempted`: the event of the change it is locked for. */
export const lockedKey = async (
  change: Change,
  id: ApiKeyId,
  attempted: AuditEventType,
): Promise<{ readonly key: ApiKey; readonly org: Organization }> => {
  const key = await findApiKey(change.tx, id);
  if (key === undefined) throw new LetheError('caller.not_found');
  refuseForeign(change, key.orgId, { target: { kind: 'api_key', id }, attempted });
  return { key, org: await lockedOrganization(change, { id: key.orgId }) };
};
