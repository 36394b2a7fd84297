import { accounting, audit, uuidBytes } from '@lethe/contracts';
import { callMetadata, callUnary, channelTo, type Secret, type TlsIdentity } from '@lethe/service-kit';
import type { OutboxRow } from '../store/outbox.js';

const deadlineMs = 5000;

/** Brings one outbox row to its destination. Resolves once the other side acknowledged it; rejects with GrpcCallError. */
export type Deliver = (row: OutboxRow) => Promise<void>;

interface Destination {
  readonly deliver: Deliver;
  /** Gives up what is on its way. */
  close(): void;
}

const channelOptions = {
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2000,
};

export const auditDestination = (address: string, credential: Secret, tls?: TlsIdentity): Destination => {
  const client = new audit.AuditClient(address, channelTo('audit', tls), channelOptions);
  const metadata = callMetadata(credential);
  const closing = new AbortController();
  return {
    deliver: async (row) => {
      const request = {
        eventId: uuidBytes(row.eventId),
        orgId: uuidBytes(row.orgId ?? undefined),
        event: row.body,
        // Who wants the proof asks for it by the event's id.
        withoutProof: true,
      };
      await callUnary(client.append.bind(client), request, metadata, deadlineMs, closing.signal);
    },
    close: () => {
      closing.abort();
      client.close();
    },
  };
};

export const accountingDestination = (
  address: string,
  credential: Secret,
  tls?: TlsIdentity,
): Destination => {
  const client = new accounting.AccountingControlClient(
    address,
    channelTo('accounting', tls),
    channelOptions,
  );
  const metadata = callMetadata(credential);
  const closing = new AbortController();
  const calls: Readonly<Record<OutboxRow['method'], Deliver>> = {
    open_org: async ({ body }) => {
      const request = accounting.OpenOrgRequest.decode(body);
      await callUnary(client.openOrg.bind(client), request, metadata, deadlineMs, closing.signal);
    },
    seal_org: async ({ body }) => {
      const request = accounting.SealOrgRequest.decode(body);
      await callUnary(client.sealOrg.bind(client), request, metadata, deadlineMs, closing.signal);
    },
    put_api_keys: async ({ body }) => {
      const request = accounting.PutApiKeysRequest.decode(body);
      await callUnary(client.putApiKeys.bind(client), request, metadata, deadlineMs, closing.signal);
    },
    append: () => Promise.reject(new Error('accounting has no append')),
  };
  return {
    deliver: (row) => calls[row.method](row),
    close: () => {
      closing.abort();
      client.close();
    },
  };
};
