import type { ErrorCode, OrgId } from '@lethe/contracts';
import { type RefusedAttempt, RefusedChange } from '../lockdown/refused-change.js';
import type { Change } from './change.js';

type ForeignAttempt = Omit<RefusedAttempt, 'orgId'>;

/**
 * Answers for what belongs to another organization as if it were not there, but on the record of the organization
 * whose token was used. `owner`: whose it is, undefined when it is nobody's; then this passes. Throws RefusedChange.
 */
export const refuseForeign = (
  { principal }: Change,
  owner: OrgId | undefined,
  attempt: ForeignAttempt,
  answer: { readonly code: ErrorCode; readonly param?: string } = { code: 'caller.not_found' },
): void => {
  if (owner === undefined || principal.kind !== 'user' || principal.orgId === owner) return;
  throw new RefusedChange(answer.code, { ...attempt, orgId: principal.orgId }, answer.param ?? null);
};
