import { randomBytes } from 'node:crypto';
import { type CanonicalValue, canonicalJson } from './canonical-json.js';
import { wrongEventField } from './check-event.js';
import type { AuditActorKind, AuditEventInput } from './event-input.js';
import { type AuditTargetKind, auditEventTypeRow, auditSeverityId } from './event-types.js';

/** An event that its own type does not allow. `field` names what is wrong, in words of the schema. */
export class AuditEventError extends Error {
  constructor(readonly field: string) {
    super('the event is not in the schema of audit events');
    this.name = 'AuditEventError';
  }
}

const ocsfVersion = '1.9.0';
const actorType: Record<AuditActorKind, number> = {
  member: 1,
  auditor: 1,
  admin: 2,
  operator: 2,
  service: 4,
};
const entityType: Partial<Record<AuditTargetKind, number>> = { organization: 4, user: 2, group: 3 };

/** What OCSF requires of the event's class beside the parts of all classes. */
const partsOfClass = (input: AuditEventInput, classUid: number): Record<string, CanonicalValue> => {
  const uid = input.target.id;
  if (classUid === 3006) return { group: { uid } };
  if (classUid === 3007) return { user: { uid } };
  if (classUid === 6002) return { app: { name: input.target.kind, uid } };
  if (classUid === 6003)
    return { api: { operation: input.attempted ?? input.type }, src_endpoint: { svc_name: input.source } };
  return {};
};

/** What OCSF has no place for. */
const unmappedOf = ({
  before,
  after,
  refusal,
  personal,
}: AuditEventInput): Record<string, CanonicalValue> => ({
  nonce: randomBytes(16).toString('base64'),
  ...(before === undefined ? {} : { before }),
  ...(after === undefined ? {} : { after }),
  ...(refusal === undefined ? {} : { refusal }),
  ...(personal?.emailDigest === undefined ? {} : { actor_email_digest: personal.emailDigest }),
  ...(personal?.ipDigest === undefined ? {} : { source_ip_digest: personal.ipDigest }),
});

const dataOf = (input: AuditEventInput): CanonicalValue => {
  const { classUid, activityId } = auditEventTypeRow(input.type);
  const { kind, id } = input.target;
  return {
    class_uid: classUid,
    category_uid: Math.floor(classUid / 1000),
    activity_id: activityId,
    ...(activityId === 99 ? { activity_name: input.type } : {}),
    type_uid: classUid * 100 + activityId,
    severity_id: auditSeverityId(input.type, input.outcome),
    status_id: input.outcome === 'success' ? 1 : 2,
    time: input.timeMs,
    metadata: {
      version: ocsfVersion,
      uid: input.eventId,
      product: { name: 'lethe', version: '0.1.0' },
      ...(input.correlationId === undefined ? {} : { correlation_uid: input.correlationId }),
    },
    actor: { user: { uid: input.actor.id, type_id: actorType[input.actor.kind], type: input.actor.kind } },
    entity: {
      type_id: entityType[kind] ?? 99,
      type: kind,
      uid: id,
      ...(kind === 'organization' ? { org: { uid: id } } : {}),
    },
    ...partsOfClass(input, classUid),
    unmapped: unmappedOf(input),
  };
};

/**
 * Builds one CloudEvents 1.0 structured event with OCSF data, as canonical JSON bytes. The nonce keeps its future leaf
 * hash unguessable. Throws AuditEventError for what audit would refuse: what cannot be recorded shall not be done.
 */
export const encodeAuditEvent = (input: AuditEventInput): Buffer => {
  const wrong = wrongEventField(input);
  if (wrong !== undefined) throw new AuditEventError(wrong);
  return Buffer.from(
    canonicalJson({
      specversion: '1.0',
      id: input.eventId,
      source: `//lethe/${input.source}`,
      type: `ai.lethe.audit.${input.type}.v1`,
      subject: `${input.target.kind}/${input.target.id}`,
      time: new Date(input.timeMs).toISOString(),
      datacontenttype: 'application/json',
      ...(input.orgId === undefined ? {} : { partitionkey: input.orgId }),
      data: dataOf(input),
    }),
  );
};
