import {
  type AuditEventInput,
  type ErrorCode,
  encodeAuditEvent,
  newUuidV7,
  type OrgId,
  type Uuid,
} from '@lethe/contracts';
import type { ManagementPrincipal } from '@lethe/service-kit';
import type { QueuedEvent } from '../store/outbox-store.js';

const queued = (input: Omit<AuditEventInput, 'eventId' | 'source' | 'timeMs'>): QueuedEvent => {
  const eventId = newUuidV7();
  const event: AuditEventInput = { ...input, eventId, source: 'accounting', timeMs: Date.now() };
  return { eventId, orgId: input.orgId, body: encodeAuditEvent(event) };
};

const self = { kind: 'service', id: 'accounting' } as const;

/** An actor is the user behind a token; a token without a user acts under its own id. */
const actorOf = (principal: ManagementPrincipal) => ({
  kind: principal.role,
  id: principal.userId ?? principal.tokenId ?? 'unknown',
});

/** Who reads, and the id of the call. */
export interface Reader {
  readonly principal: ManagementPrincipal;
  readonly correlationId: Uuid;
}

const outcomeOf = (refusal: ErrorCode | undefined) =>
  refusal === undefined ? ({ outcome: 'success' } as const) : ({ outcome: 'refused', refusal } as const);

export const orgSealedEvent = (orgId: OrgId, version: bigint): QueuedEvent =>
  queued({
    type: 'org.sealed',
    orgId,
    actor: self,
    target: { kind: 'organization', id: orgId },
    outcome: 'success',
    after: { sealed_version: version.toString() },
  });

export const orgShreddedEvent = (
  orgId: OrgId,
  counts: { readonly keysDestroyed: number; readonly payloads: number },
): QueuedEvent =>
  queued({
    type: 'org.shredded',
    orgId,
    actor: self,
    target: { kind: 'organization', id: orgId },
    outcome: 'success',
    after: { keys_destroyed: counts.keysDestroyed, payloads: counts.payloads },
  });

/** `orgId` undefined: records of organizations that nobody opened, counted together. */
export const tripwireEvent = (orgId: OrgId | undefined, code: string, records: bigint): QueuedEvent =>
  queued({
    type: 'tripwire.raised',
    orgId,
    actor: self,
    target: { kind: 'organization', id: orgId ?? 'unknown' },
    outcome: 'refused',
    refusal: code,
    after: { records: Number(records) },
  });

/** `refusal` undefined: it was opened; else why it was not. */
export const payloadOpenedEvent = (
  { principal, correlationId }: Reader,
  insight: {
    readonly orgId: OrgId;
    readonly insightId: string;
    readonly apiKeyId: string;
    readonly rawRequest?: boolean;
  },
  refusal?: ErrorCode,
): QueuedEvent =>
  queued({
    type: 'payload.opened',
    orgId: insight.orgId,
    actor: actorOf(principal),
    personal: principal.personal,
    correlationId,
    target: { kind: 'insight', id: insight.insightId },
    ...outcomeOf(refusal),
    after: { api_key_id: insight.apiKeyId, ...(insight.rawRequest === true ? { raw_request: true } : {}) },
  });

export const usageExportedEvent = (
  { principal, correlationId }: Reader,
  {
    range,
    refusal,
  }: {
    readonly range?: { readonly start: string; readonly end: string; readonly resolution: string };
    readonly refusal?: ErrorCode;
  },
): QueuedEvent =>
  queued({
    type: 'usage.exported',
    orgId: principal.orgId,
    actor: actorOf(principal),
    personal: principal.personal,
    correlationId,
    target: { kind: 'usage', id: principal.orgId ?? 'unknown' },
    ...outcomeOf(refusal),
    ...(range === undefined ? {} : { after: range }),
  });
