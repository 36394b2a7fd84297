import { createHmac } from 'node:crypto';
import { extrasMax, isBoundedIdentifier, isUuid, tagsMax } from '@lethe/contracts';
import type { OrgPolicy, RegisteredField } from '../policy/types.js';
import type { DistinctValues } from './distinct-values.js';

/** What a caller wrote about its own request, as read from the `lethe` object and the headers. Unchecked. */
export interface CallerWishes {
  readonly tags: unknown;
  readonly userId: unknown;
  readonly traceId: unknown;
  readonly extra: unknown;
  readonly headerExtras: readonly (readonly [key: string, value: string])[];
}

/** What telemetry may keep of it. `dropped` names places (`tags.2`), never what stood there. */
export interface CallerFields {
  readonly tags: readonly string[];
  readonly extras: readonly { readonly key: string; readonly value: string }[];
  readonly userId: string;
  readonly traceId: string;
  readonly dropped: readonly string[];
}

export const noCallerFields: CallerFields = { tags: [], extras: [], userId: '', traceId: '', dropped: [] };

const droppedNamesMax = 24;
const traceIdUnderZdr = /^[0-9a-f]{32}$/i;
const numberUnderZdr = /^-?\d{1,15}(\.\d{1,6})?$/;

const fitsRegistered = (field: RegisteredField | undefined, value: string): boolean => {
  switch (field?.type) {
    case 'listed':
      return field.listedValues.has(value);
    case 'number':
      return numberUnderZdr.test(value);
    case 'boolean':
      return value === 'true' || value === 'false';
    case 'uuid':
      return isUuid(value.toLowerCase());
    default:
      return false;
  }
};

/** A tag `key:value` under ZDR needs a registered key; a bare tag counts as `key:true`. */
const tagFitsUnderZdr = (tag: string, org: OrgPolicy): boolean => {
  const colon = tag.indexOf(':');
  const [key, value] = colon === -1 ? [tag, 'true'] : [tag.slice(0, colon), tag.slice(colon + 1)];
  return fitsRegistered(org.registeredFields.get(key), value);
};

/** Under ZDR a user id becomes a pseudonym: HMAC-SHA-256 under a key of the organization, 32 hex digits. */
const pseudonym = (userId: string, org: OrgPolicy): string =>
  org.userPseudonymKey.length < 32
    ? ''
    : createHmac('sha256', org.userPseudonymKey).update(userId).digest('hex').slice(0, 32);

class Keeper {
  readonly dropped: string[] = [];
  constructor(
    private readonly org: OrgPolicy,
    private readonly distinct: DistinctValues,
  ) {}

  drop(place: string): void {
    if (this.dropped.length < droppedNamesMax) this.dropped.push(place);
  }

  /** True when the value has the bounded form, fits the organization's policy and its daily cap on distinct values. */
  keeps(kind: string, value: unknown, fitsUnderZdr: (value: string) => boolean): value is string {
    if (!isBoundedIdentifier(value)) return false;
    if (this.org.zdr && !fitsUnderZdr(value)) return false;
    return this.distinct.admits(this.org.orgId, kind, value, this.org.distinctValuesPerDayMax);
  }
}

const keepTags = (tags: unknown, org: OrgPolicy, keeper: Keeper): string[] => {
  if (tags === undefined || tags === null) return [];
  if (!Array.isArray(tags)) {
    keeper.drop('tags');
    return [];
  }
  const kept: string[] = [];
  tags.slice(0, tagsMax).forEach((tag: unknown, index) => {
    if (keeper.keeps('tag', tag, (value) => tagFitsUnderZdr(value, org))) kept.push(tag);
    else keeper.drop(`tags.${index}`);
  });
  if (tags.length > tagsMax) keeper.drop('tags.more');
  return kept;
};

const extraEntries = (wishes: CallerWishes, keeper: Keeper): (readonly [string, unknown])[] => {
  const { extra } = wishes;
  const fromBody =
    typeof extra === 'object' && extra !== null && !Array.isArray(extra) ? Object.entries(extra) : [];
  if (extra !== undefined && extra !== null && (typeof extra !== 'object' || Array.isArray(extra)))
    keeper.drop('extra');
  return [...fromBody, ...wishes.headerExtras];
};

const keepExtras = (wishes: CallerWishes, org: OrgPolicy, keeper: Keeper) => {
  const kept: { key: string; value: string }[] = [];
  extraEntries(wishes, keeper).forEach(([key, raw], index) => {
    const value = typeof raw === 'number' || typeof raw === 'boolean' ? String(raw) : raw;
    const keyFits = isBoundedIdentifier(key) && (!org.zdr || org.registeredFields.has(key));
    if (
      kept.length < extrasMax &&
      keyFits &&
      keeper.keeps('extra', value, (v) => fitsRegistered(org.registeredFields.get(key), v))
    ) {
      if (keeper.keeps('extra_key', key, () => true)) {
        kept.push({ key, value });
        return;
      }
    }
    keeper.drop(`extra.${index}`);
  });
  return kept;
};

const saysNothing = (wishes: CallerWishes): boolean =>
  wishes.headerExtras.length === 0 &&
  wishes.tags === undefined &&
  wishes.extra === undefined &&
  wishes.userId === undefined &&
  wishes.traceId === undefined;

/**
 * The telemetry vocabulary: the one way from what a caller wrote to what telemetry may hold. What does not fit is
 * dropped whole, counted and named by place; the request goes on.
 */
export const keepCallerFields = (
  wishes: CallerWishes,
  org: OrgPolicy,
  distinct: DistinctValues,
): CallerFields => {
  if (saysNothing(wishes)) return noCallerFields;
  const keeper = new Keeper(org, distinct);
  const tags = keepTags(wishes.tags, org, keeper);
  const extras = keepExtras(wishes, org, keeper);
  let userId = '';
  if (wishes.userId !== undefined && wishes.userId !== null) {
    if (keeper.keeps('user_id', wishes.userId, () => true))
      userId = org.zdr ? pseudonym(wishes.userId, org) : wishes.userId;
    if (userId === '') keeper.drop('user_id');
  }
  let traceId = '';
  if (wishes.traceId !== undefined && wishes.traceId !== null) {
    const fits =
      isBoundedIdentifier(wishes.traceId) &&
      (!org.zdr || isUuid(wishes.traceId.toLowerCase()) || traceIdUnderZdr.test(wishes.traceId));
    if (fits) traceId = wishes.traceId as string;
    else keeper.drop('trace_id');
  }
  return { tags, extras, userId, traceId, dropped: keeper.dropped };
};
