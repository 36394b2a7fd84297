import type { ErrorCode, InsightId } from '@lethe/contracts';
import { payloadOpenedEvent } from '../outbox/audit-events.js';
import type { QueuedEvent } from '../store/outbox-store.js';
import type { RequestStore } from '../store/request-store.js';
import type { Access } from './access.js';

/** Puts on record that somebody asked for a payload of the organization without the right to open it. */
export const refuseOnRecord = async (
  deps: {
    readonly requests: Pick<RequestStore, 'keyOfPayload'>;
    /** Resolves once the event is durable. */
    readonly queue: (event: QueuedEvent) => Promise<void>;
  },
  access: Access,
  {
    insightId,
    code,
    rawRequest = false,
  }: { readonly insightId: InsightId; readonly code: ErrorCode; readonly rawRequest?: boolean },
): Promise<void> => {
  const { orgId } = access.principal;
  if (orgId === undefined) return;
  const apiKeyId = await deps.requests.keyOfPayload(orgId, insightId);
  if (apiKeyId !== undefined)
    await deps.queue(payloadOpenedEvent(access, { orgId, insightId, apiKeyId, rawRequest }, code));
};
