import { mayAdminister } from '../domain/access.js';
import type { Principal } from '../domain/principal.js';
import { type RefusedAttempt, RefusedChange } from './refused-change.js';

/** Passes for an admin of the organization and for the operator. Throws RefusedChange. */
export const guardAdmin = (principal: Principal, attempt: RefusedAttempt): void => {
  if (!mayAdminister(principal)) throw new RefusedChange('caller.forbidden', attempt);
};
