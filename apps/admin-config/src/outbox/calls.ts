import {
  type AuditActorKind,
  type AuditEventInput,
  accounting,
  encodeAuditEvent,
  newUuidV7,
  type OrgId,
  type PersonalDigests,
  type Uuid,
  uuidBytes,
} from '@lethe/contracts';
import type { ApiKey } from '../domain/api-key.js';
import { bounds } from '../domain/bounds.js';
import type { Caller, Principal } from '../domain/principal.js';
import type { NewOutboxRow } from '../store/outbox.js';

/** The facts of an audit event that the change itself knows; the frame adds who, when and the ids. */
export type AuditNote = Pick<
  AuditEventInput,
  'type' | 'orgId' | 'target' | 'outcome' | 'before' | 'after' | 'refusal' | 'attempted'
>;

const actorOf = (principal: Principal): { readonly kind: AuditActorKind; readonly id: string } => {
  if (principal.kind === 'user') return { kind: principal.role, id: principal.userId };
  if (principal.kind === 'operator') return { kind: 'operator', id: 'operator' };
  return { kind: 'service', id: principal.kind === 'service' ? principal.name : 'none' };
};

/** An audit event as an outbox row. */
export const auditRow = (
  note: AuditNote & { readonly eventId?: Uuid },
  caller: Caller & { readonly personal?: PersonalDigests | undefined },
  now: Date,
): NewOutboxRow => {
  const { eventId = newUuidV7(now.getTime()), ...facts } = note;
  return {
    eventId,
    destination: 'audit',
    method: 'append',
    orgId: note.orgId ?? null,
    body: encodeAuditEvent({
      ...facts,
      eventId,
      source: 'admin-config',
      timeMs: now.getTime(),
      actor: actorOf(caller.principal),
      correlationId: caller.correlationId,
      personal: caller.personal,
    }),
  };
};

const accountingRow = (method: NewOutboxRow['method'], orgId: OrgId, body: Uint8Array): NewOutboxRow => ({
  eventId: newUuidV7(),
  destination: 'accounting',
  method,
  orgId,
  body: Buffer.from(body),
});

export const openOrgRow = (orgId: OrgId): NewOutboxRow =>
  accountingRow('open_org', orgId, accounting.OpenOrgRequest.encode({ orgId: uuidBytes(orgId) }).finish());

export const sealOrgRow = (orgId: OrgId, version: bigint, shredHistory: boolean): NewOutboxRow =>
  accountingRow(
    'seal_org',
    orgId,
    accounting.SealOrgRequest.encode({ orgId: uuidBytes(orgId), version, shredHistory }).finish(),
  );

/** Accounting's copy of keys, in calls of a bounded size. */
export const putApiKeysRows = (
  orgId: OrgId,
  keys: readonly Pick<ApiKey, 'id' | 'groupId' | 'logging'>[],
  version: bigint,
): NewOutboxRow[] => {
  const rows: NewOutboxRow[] = [];
  for (let from = 0; from < keys.length; from += bounds.apiKeysPerAccountingCallMax) {
    const apiKeys = keys.slice(from, from + bounds.apiKeysPerAccountingCallMax).map((key) => ({
      apiKeyId: uuidBytes(key.id as Uuid),
      orgId: uuidBytes(orgId),
      groupId: uuidBytes(key.groupId),
      logging: key.logging,
      version,
    }));
    rows.push(
      accountingRow('put_api_keys', orgId, accounting.PutApiKeysRequest.encode({ apiKeys }).finish()),
    );
  }
  return rows;
};
