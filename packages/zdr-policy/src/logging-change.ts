import { ownField } from './own-field.js';

export type Actor = 'admin' | 'group_admin' | 'member' | 'auditor';

/**
 * A wish to set one flag of an API key. `ownsKey` is true for a member's own keys and, for a group admin, for the
 * keys of the group. `zdr`, `allowLoggingChange` and `from` are the state under the lock of the changing transaction.
 */
export interface LoggingChange {
  readonly actor: Actor;
  readonly ownsKey: boolean;
  readonly allowLoggingChange: boolean;
  readonly zdr: boolean;
  readonly field: 'logging' | 'debug';
  readonly from: boolean;
  readonly to: boolean;
}

export type LoggingChangeDecision =
  | 'allowed'
  | 'no_change'
  | 'zdr_irrevocable'
  | 'logging_change_disallowed'
  | 'not_permitted';

/**
 * Decides a change of a key's logging or debug flag. The first rule that applies stands, in this order:
 *  1. who may not touch the key learns nothing else: an auditor, a non-admin without the key, malformed input;
 *  2. under ZDR nothing is switched on, not even what already is (such a row should not exist);
 *  3. the same value again changes nothing;
 *  4. without allow_logging_change only an admin changes a key, in either direction.
 * Both flags obey the same rules. Switching off under ZDR stays possible, so that a wrong row can be healed.
 */
export function decideLoggingChange(change: LoggingChange): LoggingChangeDecision {
  if (!isWellFormed(change) || !mayTouchKey(change)) return 'not_permitted';
  if (change.to && change.zdr) return 'zdr_irrevocable';
  if (change.from === change.to) return 'no_change';
  if (change.actor !== 'admin' && !change.allowLoggingChange) return 'logging_change_disallowed';
  return 'allowed';
}

/** The logging flag of a key that is being made: the organization's default, and off under ZDR. */
export function newKeyLogging(input: { readonly zdr: boolean; readonly defaultLogging: boolean }): boolean {
  return ownField(input, 'zdr') === false && ownField(input, 'defaultLogging') === true;
}

function mayTouchKey(change: LoggingChange): boolean {
  const actor = ownField(change, 'actor');
  if (actor === 'admin') return true;
  return (actor === 'member' || actor === 'group_admin') && change.ownsKey;
}

function isWellFormed(change: LoggingChange): boolean {
  const field = ownField(change, 'field');
  return (
    (field === 'logging' || field === 'debug') &&
    ['ownsKey', 'allowLoggingChange', 'zdr', 'from', 'to'].every(
      (flag) => typeof ownField(change, flag) === 'boolean',
    )
  );
}
