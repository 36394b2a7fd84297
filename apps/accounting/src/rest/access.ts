import type { Uuid } from '@lethe/contracts';
import { LetheError, type ManagementPrincipal } from '@lethe/service-kit';
import type { ReadScope } from '../store/read-scope.js';

/** What a token may read. */
export interface Access {
  readonly principal: ManagementPrincipal;
  /** Id of this call; the audit events it leaves carry it. */
  readonly correlationId: Uuid;
  readonly scope: ReadScope;
  /** Auditors read telemetry and no payload; the operator belongs to no organization. */
  readonly mayOpenPayload: boolean;
  readonly mayExportUsage: boolean;
}

/** Reading rights by role: admins and auditors the organization, members their own keys and the groups they administer. */
export const accessOf = (principal: ManagementPrincipal, correlationId: Uuid): Access => {
  const { role, orgId } = principal;
  const caller = { principal, correlationId };
  if (role === 'operator')
    return { ...caller, scope: { kind: 'unrecognised' }, mayOpenPayload: false, mayExportUsage: false };
  if (orgId === undefined) throw new LetheError('caller.forbidden');
  if (role === 'member') {
    const { ownApiKeyIds: apiKeyIds, adminGroupIds: groupIds } = principal;
    const scope: ReadScope = { kind: 'keys', orgId, apiKeyIds, groupIds };
    return { ...caller, scope, mayOpenPayload: true, mayExportUsage: false };
  }
  const scope: ReadScope = { kind: 'organization', orgId };
  return { ...caller, scope, mayOpenPayload: role === 'admin', mayExportUsage: true };
};
