import type { ApiKeyId } from '@lethe/contracts';
import { LetheError } from '@lethe/service-kit';
import { mayManageKey } from '../domain/access.js';
import type { ApiKey } from '../domain/api-key.js';
import type { Organization } from '../domain/organization.js';
import type { Caller, Principal } from '../domain/principal.js';
import { guardKeyFlag } from '../lockdown/key-flags.js';
import { RefusedChange } from '../lockdown/refused-change.js';
import { putApiKeysRows } from '../outbox/calls.js';
import { updateApiKey } from '../store/api-keys.js';
import { type Change, type Deps, makeChange } from './change.js';
import { lockedKey } from './locked.js';

/** Passes for whoever may change this key. Throws RefusedChange. */
export const guardKey = (principal: Principal, key: ApiKey): void => {
  if (!mayManageKey(principal, key))
    throw new RefusedChange('caller.forbidden', {
      orgId: key.orgId,
      target: { kind: 'api_key', id: key.id },
    });
};

export interface KeyFlagsWish {
  readonly logging: boolean | undefined;
  readonly debug: boolean | undefined;
  readonly name: string | undefined;
}

const auditFlags = (change: Change, key: ApiKey, changed: ApiKey): void => {
  const target = { kind: 'api_key', id: key.id } as const;
  if (changed.logging !== key.logging)
    change.audit({
      type: changed.logging ? 'logging.enabled' : 'logging.disabled',
      orgId: key.orgId,
      target,
      before: { logging: key.logging },
      after: { logging: changed.logging },
    });
  if (changed.debug !== key.debug || changed.name !== key.name)
    change.audit({
      type: 'apikey.updated',
      orgId: key.orgId,
      target,
      before: { debug: key.debug },
      after: { debug: changed.debug, name_changed: changed.name !== key.name },
    });
};

const wantsChange = (
  change: Change,
  { key, org }: { readonly key: ApiKey; readonly org: Organization },
  field: 'logging' | 'debug',
  to: boolean | undefined,
): to is boolean =>
  to !== undefined && guardKeyFlag({ principal: change.principal, org, key, field, to }) === 'change';

/** Changes name, logging and debug of a key, all or nothing. What is so already is no change. */
export const changeKeyFlags = (
  deps: Deps,
  caller: Caller,
  id: ApiKeyId,
  wish: KeyFlagsWish,
): Promise<ApiKey> =>
  makeChange(deps, caller, async (change) => {
    const locked = await lockedKey(change, id);
    const { key } = locked;
    // The flags are decided first: their refusals are the more telling ones.
    const flags = {
      ...(wantsChange(change, locked, 'logging', wish.logging) ? { logging: wish.logging } : {}),
      ...(wantsChange(change, locked, 'debug', wish.debug) ? { debug: wish.debug } : {}),
    };
    guardKey(change.principal, key);
    const rows = {
      ...flags,
      ...(wish.name !== undefined && wish.name !== key.name ? { name: wish.name } : {}),
    };
    if (Object.keys(rows).length === 0) return key;
    await updateApiKey(change.tx, id, rows);
    const changed = { ...key, ...rows };
    auditFlags(change, key, changed);
    if (changed.logging !== key.logging) change.send(putApiKeysRows(key.orgId, [changed], change.version));
    return changed;
  });

const sameLabels = (a: ApiKey['labels'], b: ApiKey['labels']): boolean => {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && a[name] === b[name])
  );
};

const isSame = (key: ApiKey, wish: Partial<ApiKey>): boolean =>
  (wish.monthlyLimitNano === undefined || wish.monthlyLimitNano === key.monthlyLimitNano) &&
  (wish.labels === undefined || sameLabels(wish.labels, key.labels));

/** Replaces a key's labels or its monthly limit. */
export const changeKeySettings = (
  deps: Deps,
  caller: Caller,
  id: ApiKeyId,
  wish: Partial<Pick<ApiKey, 'labels' | 'monthlyLimitNano'>>,
): Promise<void> =>
  makeChange(deps, caller, async (change) => {
    const { key } = await lockedKey(change, id);
    guardKey(change.principal, key);
    if (isSame(key, wish)) return;
    await updateApiKey(change.tx, id, wish);
    change.audit({
      type: 'apikey.updated',
      orgId: key.orgId,
      target: { kind: 'api_key', id },
      after: {
        ...(wish.labels === undefined ? {} : { labels: Object.keys(wish.labels).length }),
        ...(wish.monthlyLimitNano === undefined
          ? {}
          : { monthly_limit_nano: wish.monthlyLimitNano.toString() }),
      },
    });
  });

/** Sets or removes a key's expiry. A key that has expired stays so. */
export const changeKeyExpiry = (
  deps: Deps,
  caller: Caller,
  id: ApiKeyId,
  expiresAt: Date | undefined,
): Promise<void> =>
  makeChange(deps, caller, async (change) => {
    const { key } = await lockedKey(change, id);
    guardKey(change.principal, key);
    if (key.expiresAt?.getTime() === expiresAt?.getTime()) return;
    if (key.expiresAt !== undefined && key.expiresAt <= change.now)
      throw new LetheError('caller.invalid_value', 'expires_at');
    await updateApiKey(change.tx, id, { expiresAt: expiresAt ?? null });
    change.audit({
      type: 'apikey.updated',
      orgId: key.orgId,
      target: { kind: 'api_key', id },
      before: { expires_at: key.expiresAt?.toISOString() ?? null },
      after: { expires_at: expiresAt?.toISOString() ?? null },
    });
  });
