import { type audit, encodeAuditEvent, newUuidV7, type Uuid, uuidBytes } from '@lethe/contracts';

export interface SampleEvent {
  readonly eventId: Uuid;
  readonly orgId: Uuid | undefined;
  readonly body: Buffer;
  readonly request: audit.AppendRequest;
}

/** One event as admin-config would send it, every time another. */
export const sampleEvent = (orgId: Uuid | undefined): SampleEvent => {
  const eventId = newUuidV7();
  const body = encodeAuditEvent({
    eventId,
    type: 'apikey.updated',
    source: 'admin-config',
    timeMs: Date.now(),
    orgId,
    actor: { kind: 'admin', id: newUuidV7() },
    target: { kind: 'api_key', id: newUuidV7() },
    outcome: 'success',
    before: { logging: true },
    after: { logging: false },
  });
  return {
    eventId,
    orgId,
    body,
    request: {
      eventId: uuidBytes(eventId),
      orgId: orgId === undefined ? Buffer.alloc(0) : uuidBytes(orgId),
      event: body,
    },
  };
};
