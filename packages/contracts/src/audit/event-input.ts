import type { OrgId, Uuid } from '../ids/uuid.js';
import type { AuditEventType, AuditSource, AuditTargetKind } from './event-types.js';
import type { SettingValues } from './settings.js';

export type AuditActorKind = 'admin' | 'member' | 'auditor' | 'operator' | 'service';

/** What names a person, only as SHA-256 over a salt that can be deleted: 43 characters of base64url each. */
export interface PersonalDigests {
  readonly emailDigest?: string | undefined;
  readonly ipDigest?: string | undefined;
}

/** What happened, in settings, ids and counts. Values are never content; names are bounded identifiers or absent. */
export interface AuditEventInput {
  readonly eventId: Uuid; // UUIDv7
  readonly type: AuditEventType;
  readonly source: AuditSource;
  readonly timeMs: number;
  readonly orgId: OrgId | undefined; // undefined: an event of the deployment
  readonly actor: { readonly kind: AuditActorKind; readonly id: string };
  readonly target: { readonly kind: AuditTargetKind; readonly id: string };
  readonly outcome: 'success' | 'refused';
  readonly before?: SettingValues;
  readonly after?: SettingValues;
  readonly refusal?: string; // one of auditRefusalCodes of its type
  readonly attempted?: AuditEventType; // of change.refused: the event that a success would have left
  readonly correlationId?: string; // request id of the management call, a UUID
  readonly personal?: PersonalDigests | undefined; // of the actor
}
