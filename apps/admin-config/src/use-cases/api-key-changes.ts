import type { ApiKeyId } from '@lethe/contracts';
import { mayManageKey } from '../domain/access.js';
import type { ApiKey } from '../domain/api-key.js';
import type { Organization } from '../domain/organization.js';
import type { Caller, Principal } from '../domain/principal.js';
import { guardKeyFlag } from '../lockdown/key-flags.js';
import { type RefusedAttempt, RefusedChange } from '../lockdown/refused-change.js';
import { putApiKeysRows } from '../outbox/calls.js';
import { updateApiKey } from '../store/api-keys.js';
import { type Change, type Deps, makeChange } from './change.js';
import { lockedKey } from './locked.js';

/** Passes for whoever may change this key. Throws RefusedChange. */
export const guardKey = (
  principal: Principal,
  key: ApiKey,
  attempt: Pick<RefusedAttempt, 'attempted' | 'present' | 'wished'>,
): void => {
  if (!mayManageKey(principal, key))
    throw new RefusedChange('caller.forbidden', {
      ...attempt,
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
    const locked = await lockedKey(change, id, 'apikey.updated');
    const { key } = locked;
    // The flags are decided first: their refusals are the more telling ones.
    const flags = {
      ...(wantsChange(change, locked, 'logging', wish.logging) ? { logging: wish.logging } : {}),
      ...(wantsChange(change, locked, 'debug', wish.debug) ? { debug: wish.debug } : {}),
    };
    guardKey(change.principal, key, {
      attempted: 'apikey.updated',
      ...(wish.name === undefined ? {} : { wished: { name_changed: wish.name !== key.name } }),
    });
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

/** The settings that a wish names, as a key has them. Labels are caller-written: they are counted. */
const settingsOf = (key: ApiKey, wish: Partial<ApiKey>) => ({
  ...(wish.labels === undefined ? {} : { labels: Object.keys(key.labels).length }),
  ...(wish.monthlyLimitNano === undefined ? {} : { monthly_limit_nano: key.monthlyLimitNano.toString() }),
});

/** Replaces a key's labels or its monthly limit. */
export const changeKeySettings = (
  deps: Deps,
  caller: Caller,
  id: ApiKeyId,
  wish: Partial<Pick<ApiKey, 'labels' | 'monthlyLimitNano'>>,
): Promise<void> =>
  makeChange(deps, caller, async (change) => {
    const { key } = await lockedKey(change, id, 'apikey.updated');
    const [before, after] = [settingsOf(key, wish), settingsOf({ ...key, ...wish }, wish)];
    guardKey(change.principal, key, { attempted: 'apikey.updated', present: before, wished: after });
    if (isSame(key, wish)) return;
    await updateApiKey(change.tx, id, wish);
    change.audit({
      type: 'apikey.updated',
      orgId: key.orgId,
      target: { kind: 'api_key', id },
      before,
      after,
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
    const { key } = await lockedKey(change, id, 'apikey.updated');
    const target = { kind: 'api_key', id } as const;
    const before = { expires_at: key.expiresAt?.toISOString() ?? null };
    const after = { expires_at: expiresAt?.toISOString() ?? null };
    const attempt = { attempted: 'apikey.updated', present: before, wished: after } as const;
    guardKey(change.principal, key, attempt);
    if (key.expiresAt?.getTime() === expiresAt?.getTime()) return;
    if (key.expiresAt !== undefined && key.expiresAt <= change.now)
      throw new RefusedChange('caller.invalid_value', { ...attempt, orgId: key.orgId, target }, 'expires_at');
    await updateApiKey(change.tx, id, { expiresAt: expiresAt ?? null });
    change.audit({ type: 'apikey.updated', orgId: key.orgId, target, before, after });
  });
