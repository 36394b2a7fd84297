import { randomBytes } from 'node:crypto';
import type { OrgId, Uuid } from '../ids/uuid.js';
import { type CanonicalValue, canonicalJson } from './canonical-json.js';
import { type AuditEventType, auditEventTypes } from './event-types.js';

export type AuditActorKind = 'admin' | 'member' | 'auditor' | 'operator' | 'service';
export type AuditTargetKind =
  | 'organization'
  | 'api_key'
  | 'user'
  | 'group'
  | 'token'
  | 'field'
  | 'transit_key'
  | 'insight'
  | 'usage'
  | 'deployment'
  | 'router'
  | 'audit_log';

/** What names a person, only as SHA-256 over a salt that can be deleted: 43 characters of base64url each. */
export interface PersonalDigests {
  readonly emailDigest?: string | undefined;
  readonly ipDigest?: string | undefined;
}

/** What happened, in settings, ids and counts. Values are never content; names are bounded identifiers or absent. */
export interface AuditEventInput {
  readonly eventId: Uuid; // UUIDv7
  readonly type: AuditEventType;
  readonly source: 'admin-config' | 'accounting' | 'audit';
  readonly timeMs: number;
  readonly orgId: OrgId | undefined; // undefined: an event of the deployment
  readonly actor: { readonly kind: AuditActorKind; readonly id: string };
  readonly target: { readonly kind: AuditTargetKind; readonly id: string };
  readonly outcome: 'success' | 'refused';
  readonly before?: Readonly<Record<string, boolean | number | string | null>>;
  readonly after?: Readonly<Record<string, boolean | number | string | null>>;
  readonly refusal?: string; // an error code of ours
  readonly correlationId?: string; // request id of the management call
  readonly personal?: PersonalDigests | undefined; // of the actor
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

/** Builds one CloudEvents 1.0 structured event with OCSF data, as canonical JSON bytes. The nonce keeps its future leaf hash unguessable. */
export const encodeAuditEvent = (input: AuditEventInput): Buffer => {
  const { classUid, activityId } = auditEventTypes[input.type];
  const unmapped: Record<string, CanonicalValue> = { nonce: randomBytes(16).toString('base64') };
  if (input.before !== undefined) unmapped.before = input.before;
  if (input.after !== undefined) unmapped.after = input.after;
  if (input.refusal !== undefined) unmapped.refusal = input.refusal;
  if (input.personal?.emailDigest !== undefined) unmapped.actor_email_digest = input.personal.emailDigest;
  if (input.personal?.ipDigest !== undefined) unmapped.source_ip_digest = input.personal.ipDigest;
  const event: Record<string, CanonicalValue> = {
    specversion: '1.0',
    id: input.eventId,
    source: `//lethe/${input.source}`,
    type: `ai.lethe.audit.${input.type}.v1`,
    subject: `${input.target.kind}/${input.target.id}`,
    time: new Date(input.timeMs).toISOString(),
    datacontenttype: 'application/json',
    ...(input.orgId === undefined ? {} : { partitionkey: input.orgId }),
    data: {
      class_uid: classUid,
      category_uid: Math.floor(classUid / 1000),
      activity_id: activityId,
      type_uid: classUid * 100 + activityId,
      severity_id: input.type === 'tripwire.raised' ? 4 : input.outcome === 'refused' ? 2 : 1,
      status_id: input.outcome === 'success' ? 1 : 2,
      time: input.timeMs,
      metadata: {
        version: ocsfVersion,
        uid: input.eventId,
        product: { name: 'lethe', version: '0.1.0' },
        ...(input.correlationId === undefined ? {} : { correlation_uid: input.correlationId }),
      },
      actor: { user: { uid: input.actor.id, type_id: actorType[input.actor.kind], type: input.actor.kind } },
      entity: { type_id: entityType[input.target.kind] ?? 99, type: input.target.kind, uid: input.target.id },
      ...(classUid === 6003
        ? { api: { operation: input.type }, src_endpoint: { svc_name: input.source } }
        : {}),
      ...(classUid === 6002 ? { app: { name: input.target.kind, uid: input.target.id } } : {}),
      unmapped,
    },
  };
  return Buffer.from(canonicalJson(event));
};
