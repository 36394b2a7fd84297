import { audit, uuidBytes } from '@lethe/contracts';
import { callMetadata, callUnary, channelTo, type Secret, type TlsIdentity } from '@lethe/service-kit';
import type { QueuedEvent } from '../store/outbox-store.js';

const appendDeadlineMs = 5000;

/** Audit's intake. `append` resolves once audit holds the event, and is idempotent by event id. Rejects with GrpcCallError. */
export const createAuditClient = (options: {
  readonly address: string;
  readonly credential: Secret;
  readonly tls?: TlsIdentity | undefined;
}) => {
  const client = new audit.AuditClient(options.address, channelTo('audit', options.tls));
  const metadata = callMetadata(options.credential);
  const closing = new AbortController();
  return {
    async append(event: QueuedEvent): Promise<void> {
      await callUnary(
        client.append.bind(client),
        {
          eventId: uuidBytes(event.eventId),
          orgId: uuidBytes(event.orgId),
          event: event.body,
          withoutProof: true,
        },
        metadata,
        appendDeadlineMs,
        closing.signal,
      );
    },
    close: () => {
      closing.abort();
      client.close();
    },
  };
};
export type AuditClient = ReturnType<typeof createAuditClient>;
