import type { AuditEventType, ErrorCode } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';
import type { Caller, OrgRef } from '../domain/principal.js';
import { RefusedChange } from '../lockdown/refused-change.js';
import { type Deps, makeChange } from './change.js';
import { lockedOrganization } from './locked.js';

/** Something a caller tried that no use-case offers: a method that is not there, a field that is not known. */
export interface UnknownAttempt {
  readonly code: ErrorCode;
  readonly param: string | null;
  /** The event of the route that was tried. */
  readonly attempted: AuditEventType;
  /** About ZDR itself: on record whether ZDR is on or not. */
  readonly ofZdr: boolean;
  /** It asked for ZDR to be off. */
  readonly wishesZdrOff: boolean;
}

/**
 * Refuses what is not offered. With ZDR there is no harmless way to ask for something unknown: such an attempt is on
 * record, as is every one at ZDR itself. Rejects with LetheError.
 */
export const refuseUnknown = (
  deps: Deps,
  caller: Caller,
  ref: OrgRef,
  { code, param, attempted, ofZdr, wishesZdrOff }: UnknownAttempt,
): Promise<never> =>
  makeChange(deps, caller, async (change) => {
    const org = await lockedOrganization(change, ref);
    const zdr = org.zdr !== undefined;
    if (!zdr && !ofZdr) throw new LetheError(code, param);
    const attempt = {
      orgId: org.id,
      target: { kind: 'organization', id: org.id },
      attempted,
      present: { zdr },
      ...(wishesZdrOff ? { wished: { zdr: false } } : {}),
    } as const;
    throw new RefusedChange(code, attempt, param);
  });
