import { isBoundedIdentifier } from '../ids/bounded.js';
import { isUuid } from '../ids/uuid.js';
import {
  auditActorNames,
  auditRefusalCodes,
  auditTargetNames,
  auditTimeMsMax,
  isNamedTarget,
} from './closed-words.js';
import type { AuditEventInput } from './event-input.js';
import { type AuditEventTypeRow, auditEventTypeRow, auditEventTypes } from './event-types.js';
import { auditTextForms, type SettingKinds, type SettingValues, wrongSetting } from './settings.js';

const isOneOf = (list: readonly string[], value: string): boolean => list.includes(value);

const wrongActorOrTarget = (
  { actor, target }: AuditEventInput,
  row: AuditEventTypeRow,
): string | undefined => {
  if (!isUuid(actor.id) && !isOneOf(auditActorNames, actor.id)) return 'actor.id';
  if (!row.targets.includes(target.kind)) return 'target.kind';
  const isNamed = isNamedTarget(target.kind) && isBoundedIdentifier(target.id);
  if (!isNamed && !isUuid(target.id) && !isOneOf(auditTargetNames, target.id)) return 'target.id';
  return undefined;
};

/** An event about an organization is that organization's own; only an attempt may reach for another one. */
const wrongOrg = ({ orgId, target }: AuditEventInput, row: AuditEventTypeRow): string | undefined => {
  if (orgId === undefined ? row.org === undefined : row.org === 'none' || !isUuid(orgId)) return 'orgId';
  const isAnother = target.kind === 'organization' && orgId !== undefined && target.id !== orgId;
  return isAnother && row.classUid !== 6003 ? 'target.id' : undefined;
};

const wrongOutcome = (input: AuditEventInput, row: AuditEventTypeRow): string | undefined => {
  const { outcome, refusal, type, attempted } = input;
  if (row.outcome !== 'either' && row.outcome !== outcome) return 'outcome';
  if (refusal !== undefined && (outcome !== 'refused' || !isOneOf(auditRefusalCodes(type), refusal)))
    return 'refusal';
  if (attempted === undefined) return undefined;
  return type !== 'change.refused' || !Object.hasOwn(auditEventTypes, attempted) ? 'attempted' : undefined;
};

const wrongSettings = (
  name: 'before' | 'after',
  kinds: SettingKinds | undefined,
  values: SettingValues | undefined,
): string | undefined => {
  if (values === undefined) return undefined;
  if (kinds === undefined) return name;
  const wrong = wrongSetting(kinds, values);
  if (wrong === undefined) return undefined;
  return Object.hasOwn(kinds, wrong) ? `${name}.${wrong}` : name;
};

const wrongDigest = ({ personal }: AuditEventInput): string | undefined => {
  for (const name of ['emailDigest', 'ipDigest'] as const) {
    const digest = personal?.[name];
    if (digest !== undefined && !auditTextForms.digest.test(digest)) return `personal.${name}`;
  }
  return undefined;
};

/** The first part of an event that its type does not allow, by the name of the part; undefined: it is in the schema. */
export const wrongEventField = (input: AuditEventInput): string | undefined => {
  if (!Object.hasOwn(auditEventTypes, input.type)) return 'type';
  const row = auditEventTypeRow(input.type);
  if (input.source !== row.source) return 'source';
  if (!isUuid(input.eventId)) return 'eventId';
  if (!Number.isSafeInteger(input.timeMs) || input.timeMs < 0 || input.timeMs > auditTimeMsMax)
    return 'timeMs';
  if (input.correlationId !== undefined && !isUuid(input.correlationId)) return 'correlationId';
  return (
    wrongActorOrTarget(input, row) ??
    wrongOrg(input, row) ??
    wrongOutcome(input, row) ??
    wrongSettings('before', row.before, input.before) ??
    wrongSettings('after', row.after, input.after) ??
    wrongDigest(input)
  );
};
