import { type AuditEventType, auditEventTypes, isUuid, type Uuid, uuidText } from '@lethe/contracts';
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

const typeOf = (wire: WireAuditEvent): AuditEventType =>
  wire.type.slice('ai.lethe.audit.'.length, -'.v1'.length) as AuditEventType;

/** Whether the parts of the event that say the same thing twice agree. */
const isConsistent = (wire: WireAuditEvent): boolean => {
  const type = typeOf(wire);
  const { classUid, activityId } = auditEventTypes[type];
  const { data } = wire;
  const source = wire.source.slice('//lethe/'.length);
  const isApiActivity = classUid === 6003;
  return (
    data.class_uid === classUid &&
    data.category_uid === Math.floor(classUid / 1000) &&
    data.activity_id === activityId &&
    data.type_uid === classUid * 100 + activityId &&
    data.metadata.uid === wire.id &&
    Date.parse(wire.time) === data.time &&
    wire.subject === `${data.entity.type}/${data.entity.uid}` &&
    data.actor.user.type_id === actorTypes[data.actor.user.type] &&
    (isApiActivity
      ? data.api?.operation === type && data.src_endpoint?.svc_name === source
      : data.api === undefined && data.src_endpoint === undefined) &&
    (classUid === 6002
      ? data.app?.name === data.entity.type && data.app.uid === data.entity.uid
      : data.app === undefined) &&
    (data.unmapped.refusal === undefined || data.status_id === 2)
  );
};

const isVersion7 = (id: Uuid): boolean => id[14] === '7';

/** Reads what Append was sent. Everything that is wrong is one of a closed list; nothing is corrected. */
export const readAppendableEvent = (request: {
  readonly eventId: Buffer;
  readonly orgId: Buffer;
  readonly event: Buffer;
}): { readonly event: AppendableEvent } | { readonly refusal: Refusal } => {
  if (request.event.length > EVENT_BYTES_MAX) return { refusal: 'too_large' };
  const eventId = uuidText(request.eventId);
  if (!isUuid(eventId) || !isVersion7(eventId)) return { refusal: 'invalid_event_id' };
  const orgId = uuidText(request.orgId);
  if (orgId === undefined && request.orgId.length > 0) return { refusal: 'invalid_org_id' };
  const decoded = decodeAuditEvent(request.event);
  if ('failure' in decoded) return { refusal: decoded.failure };
  const wire = decoded.event;
  if (wire.id !== eventId) return { refusal: 'event_id_differs' };
  if (wire.partitionkey !== orgId) return { refusal: 'org_id_differs' };
  if (!isConsistent(wire)) return { refusal: 'inconsistent' };
  return {
    event: {
      eventId,
      orgId,
      body: request.event,
      type: typeOf(wire),
      timeMs: wire.data.time,
      actorId: wire.data.actor.user.uid,
      targetKind: wire.data.entity.type,
      targetId: wire.data.entity.uid,
      outcome: wire.data.status_id === 1 ? 'success' : 'refused',
    },
  };
};
