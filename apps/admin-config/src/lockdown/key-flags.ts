import type { AuditEventType, ErrorCode } from '@lethe/contracts';
import { decideLoggingChange, type LoggingChangeDecision, newKeyLogging } from '@lethe/zdr-policy';
import type { ApiKey } from '../domain/api-key.js';
import type { Organization } from '../domain/organization.js';
import type { Principal } from '../domain/principal.js';
import { actorForKey } from './actor.js';
import { RefusedChange } from './refused-change.js';

// LAYER 4, in code. Organization and key are the rows as locked by the changing transaction.

const refusalCodes: Readonly<Record<Exclude<LoggingChangeDecision, 'allowed' | 'no_change'>, ErrorCode>> = {
  zdr_irrevocable: 'org_policy.zdr_irrevocable',
  logging_change_disallowed: 'org_policy.logging_change_disallowed',
  not_permitted: 'caller.forbidden',
};

type NewKeyEvent = 'apikey.created' | 'apikey.imported';

const flagEvent = (field: 'logging' | 'debug', to: boolean): AuditEventType => {
  if (field === 'debug') return 'apikey.updated';
  return to ? 'logging.enabled' : 'logging.disabled';
};

interface FlagChange {
  readonly principal: Principal;
  readonly org: Organization;
  readonly key: Pick<ApiKey, 'id' | 'orgId' | 'ownerUserId' | 'groupId' | 'logging' | 'debug'>;
  readonly field: 'logging' | 'debug';
  readonly to: boolean;
  /** When the key is being made: the event of that. */
  readonly making?: NewKeyEvent;
}

/** Whether a flag of a key is to be written. Throws RefusedChange. */
export const guardKeyFlag = (change: FlagChange): 'change' | 'no_change' => {
  const { principal, org, key, field, to } = change;
  const decision = decideLoggingChange({
    ...actorForKey(principal, key),
    allowLoggingChange: org.allowLoggingChange,
    zdr: org.zdr !== undefined,
    field,
    from: key[field],
    to,
  });
  if (decision === 'allowed') return 'change';
  if (decision === 'no_change') return 'no_change';
  const attempted = change.making ?? flagEvent(field, to);
  throw new RefusedChange(
    refusalCodes[decision],
    {
      orgId: org.id,
      target: { kind: 'api_key', id: key.id },
      attempted,
      ...(change.making === undefined ? { present: { [field]: key[field] } } : {}),
      wished: { [field]: to },
    },
    field,
  );
};

interface NewKeyFlag {
  readonly principal: Principal;
  readonly org: Organization;
  readonly key: Pick<ApiKey, 'id' | 'orgId' | 'ownerUserId' | 'groupId'>;
  /** What the creator asked for; undefined: the organization's default. */
  readonly wish: boolean | undefined;
  readonly making: NewKeyEvent;
}

/** The logging flag of a new key. A wish that differs from the default counts as a change of it. Throws RefusedChange. */
export const guardNewKeyLogging = ({ principal, org, key, wish, making }: NewKeyFlag): boolean => {
  const logging = newKeyLogging({ zdr: org.zdr !== undefined, defaultLogging: org.defaultLogging });
  if (wish === undefined) return logging;
  const made = { ...key, logging, debug: false };
  guardKeyFlag({ principal, org, key: made, field: 'logging', to: wish, making });
  return wish;
};
