import * as grpc from '@grpc/grpc-js';
import { audit } from '@lethe/contracts';
import { callMetadata, callUnary, Opaque } from '@lethe/service-kit';

/** How a call was refused. */
export interface Refusal {
  readonly code: grpc.status;
  readonly details: string;
}

/** Calls of one replica's gRPC, as admin-config makes them. */
export interface AppendClient {
  append(request: audit.AppendRequest, deadlineMs?: number): Promise<audit.AppendResponse>;
  /** Undefined when it was taken. */
  refusalOf(request: audit.AppendRequest): Promise<Refusal | undefined>;
  getProof(eventId: Buffer): Promise<audit.GetProofResponse>;
  /** Organization, time and event of each, as they come. */
  tombstones(): Promise<readonly (readonly string[])[]>;
  close(): void;
}

export const connectAppend = (address: string, credential: string): AppendClient => {
  const client = new audit.AuditClient(address, grpc.credentials.createInsecure(), {
    'grpc.initial_reconnect_backoff_ms': 50,
    'grpc.max_reconnect_backoff_ms': 200,
  });
  const metadata = callMetadata(new Opaque(credential));
  return {
    append: (request, deadlineMs = 5_000) =>
      callUnary(client.append.bind(client), request, metadata, deadlineMs),
    refusalOf: (request) =>
      new Promise((resolve) => {
        client.append(request, metadata, { deadline: Date.now() + 5_000 }, (error) =>
          resolve(error ? { code: error.code, details: error.details } : undefined),
        );
      }),
    getProof: (eventId) => callUnary(client.getProof.bind(client), { eventId }, metadata, 5_000),
    tombstones: async () => {
      const found: string[][] = [];
      const stream = client.listTombstones({}, metadata, { deadline: Date.now() + 5_000 });
      for await (const each of stream) {
        const { orgId, enabledAtMs, eventId } = each as audit.Tombstone;
        found.push([orgId.toString('hex'), String(enabledAtMs), eventId.toString('hex')]);
      }
      return found;
    },
    close: () => client.close(),
  };
};
