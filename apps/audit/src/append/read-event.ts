import {
  type AuditEventType,
  type AuditSource,
  type AuditTargetKind,
  auditEventTypeRow,
  auditSeverityId,
  auditTimeMsMax,
  isUuid,
  type Uuid,
  uuidText,
} from '@lethe/contracts';
import { type DecodeFailure, decodeAuditEvent } from './event-codec.js';
import type { actorKinds, WireAuditEvent } from './event-schema.js';

/** Bytes an event may have: what fits a log entry and a record of the topic. */
export const EVENT_BYTES_MAX = 60_000;

/** An event that may be stored: its bytes verbatim, and what it can be found by. */
export interface AppendableEvent {
  readonly eventId: Uuid;
  readonly orgId: Uuid | undefined;
  readonly body: Buffer;
  readonly type: AuditEventType;
  readonly source: AuditSource;
  readonly timeMs: number;
  readonly actorId: string;
  readonly targetKind: string;
  readonly targetId: string;
  readonly outcome: 'success' | 'refused';
}

export type Refusal =
  | DecodeFailure
  | 'too_large'
  | 'invalid_event_id'
  | 'invalid_org_id'
  | 'event_id_differs'
  | 'org_id_differs'
  | 'inconsistent';

const actorTypes: Record<(typeof actorKinds)[number], number> = {
  member: 1,
  auditor: 1,
  admin: 2,
  operator: 2,
  service: 4,
};
const entityTypes: Partial<Record<AuditTargetKind, number>> = { organization: 4, user: 2, group: 3 };

const typeOf = (wire: WireAuditEvent): AuditEventType =>
  wire.type.slice('ai.lethe.audit.'.length, -'.v1'.length) as AuditEventType;

const categoryOf = (classUid: number): number => Math.floor(classUid / 1000);

/** Whether activity and severity are those of the type, now or before schema 1.1. */
const hasOwnNumbers = (type: AuditEventType, { data }: WireAuditEvent): boolean => {
  const { classUid, formerly, activityId } = auditEventTypeRow(type);
  const own = auditSeverityId(type, data.status_id === 1 ? 'success' : 'refused');
  const isOneOf = (value: number, now: number, before: number | undefined): boolean =>
    value === now || value === before;
  return (
    data.type_uid === classUid * 100 + data.activity_id &&
    data.category_uid === categoryOf(classUid) &&
    isOneOf(data.activity_id, activityId, formerly?.activityId) &&
    isOneOf(data.severity_id, own, formerly?.severityId)
  );
};

/** The parts of an event that repeat another part, each with whether it agrees. */
const repetitions = (type: AuditEventType, wire: WireAuditEvent): Readonly<Record<string, boolean>> => {
  const { data, partitionkey } = wire;
  const { classUid } = auditEventTypeRow(type);
  const { entity } = data;
  const isOwn = (uid: string | undefined): boolean => uid === undefined || uid === entity.uid;
  const isAnotherOrg =
    entity.type === 'organization' && partitionkey !== undefined && entity.uid !== partitionkey;
  return {
    'data.type_uid': hasOwnNumbers(type, wire),
    'data.metadata.uid': data.metadata.uid === wire.id,
    time: data.time <= auditTimeMsMax && new Date(data.time).toISOString() === wire.time,
    subject: wire.subject === `${entity.type}/${entity.uid}`,
    partitionkey: classUid === 6003 || !isAnotherOrg,
    'data.actor.user.type_id': data.actor.user.type_id === actorTypes[data.actor.user.type],
    'data.entity.type_id': data.entity.type_id === (entityTypes[entity.type] ?? 99),
    'data.entity.org': isOwn(entity.org?.uid) && (entity.org === undefined || entity.type === 'organization'),
    'data.group': isOwn(data.group?.uid),
    'data.user': isOwn(data.user?.uid),
    'data.app': data.app === undefined || (data.app.name === entity.type && data.app.uid === entity.uid),
    'data.unmapped.refusal': data.unmapped.refusal === undefined || data.status_id === 2,
  };
};

const inconsistentField = (type: AuditEventType, wire: WireAuditEvent): string | undefined =>
  Object.entries(repetitions(type, wire)).find(([, agrees]) => !agrees)?.[0];

/** Why an event is not taken; `field` says where, when one place is wrong. */
export interface RefusedEvent {
  readonly refusal: Refusal;
  readonly field?: string | undefined;
}

const isVersion7 = (id: Uuid): boolean => id[14] === '7';

/** Reads what Append was sent. Everything that is wrong is one of a closed list; nothing is corrected. */
export const readAppendableEvent = (request: {
  readonly eventId: Buffer;
  readonly orgId: Buffer;
  readonly event: Buffer;
}): { readonly event: AppendableEvent } | RefusedEvent => {
  if (request.event.length > EVENT_BYTES_MAX) return { refusal: 'too_large' };
  const eventId = uuidText(request.eventId);
  if (!isUuid(eventId) || !isVersion7(eventId)) return { refusal: 'invalid_event_id' };
  const orgId = uuidText(request.orgId);
  if (orgId === undefined && request.orgId.length > 0) return { refusal: 'invalid_org_id' };
  const decoded = decodeAuditEvent(request.event);
  if ('failure' in decoded) return { refusal: decoded.failure, field: decoded.field };
  const wire = decoded.event;
  if (wire.id !== eventId) return { refusal: 'event_id_differs' };
  if (wire.partitionkey !== orgId) return { refusal: 'org_id_differs' };
  const type = typeOf(wire);
  const field = inconsistentField(type, wire);
  if (field !== undefined) return { refusal: 'inconsistent', field };
  return {
    event: {
      eventId,
      orgId,
      body: request.event,
      type,
      source: auditEventTypeRow(type).source,
      timeMs: wire.data.time,
      actorId: wire.data.actor.user.uid,
      targetKind: wire.data.entity.type,
      targetId: wire.data.entity.uid,
      outcome: wire.data.status_id === 1 ? 'success' : 'refused',
    },
  };
};
