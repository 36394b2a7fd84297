import { LetheError } from '@lethe/service-kit';
import type { ZdrCommitment } from '../domain/organization.js';
import type { Caller, OrgRef } from '../domain/principal.js';
import { guardZdrEnable } from '../lockdown/zdr-enable.js';
import { putApiKeysRows, sealOrgRow } from '../outbox/calls.js';
import { allApiKeys, forceLoggingOff } from '../store/api-keys.js';
import { commitZdr } from '../store/organizations.js';
import { deleteTransitKeys } from '../store/transit-keys.js';
import { type Deps, makeChange } from './change.js';
import { lockedOrganization } from './locked.js';

export interface ZdrWish {
  readonly confirmation: string;
  readonly shredHistory: boolean;
  readonly restrictModels: boolean;
}

/**
 * Enables ZDR in one transaction: every key quiet, the transit key gone, the organization committed, the audit event
 * and accounting's calls in the outbox. Irrevocable once it commits. Asked again, it answers what was committed.
 */
export const enableZdr = async (
  deps: Deps,
  caller: Caller,
  ref: OrgRef,
  wish: ZdrWish,
): Promise<ZdrCommitment> => {
  if (wish.shredHistory) throw new LetheError('gateway.not_implemented', 'shred_history');
  if (wish.restrictModels) throw new LetheError('gateway.not_implemented', 'restrict_models');
  return makeChange(
    deps,
    caller,
    async (change) => {
      const org = await lockedOrganization(change, ref);
      guardZdrEnable({ principal: change.principal, org, confirmation: wish.confirmation });
      if (org.zdr !== undefined) return org.zdr;
      const keysForcedOff = await forceLoggingOff(change.tx, org.id);
      await deleteTransitKeys(change.tx, org.id);
      const eventId = change.audit({
        type: 'zdr.enabled',
        orgId: org.id,
        target: { kind: 'organization', id: org.id },
        before: {
          zdr: false,
          default_logging: org.defaultLogging,
          allow_logging_change: org.allowLoggingChange,
        },
        after: {
          zdr: true,
          default_logging: false,
          allow_logging_change: false,
          keys_forced_off: keysForcedOff,
          version: change.version.toString(),
        },
      });
      const zdr = { enabledAt: change.now, version: change.version, keysForcedOff, eventId };
      await commitZdr(change.tx, org.id, zdr);
      change.send([
        sealOrgRow(org.id, change.version),
        ...putApiKeysRows(org.id, await allApiKeys(change.tx, org.id), change.version),
      ]);
      return zdr;
    },
    'urgent',
  );
};
