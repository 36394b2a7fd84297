import * as grpc from '@grpc/grpc-js';
import { audit } from '@lethe/contracts';
import { callMetadata, callUnary, Opaque } from '@lethe/service-kit';

/** Calls of one replica's gRPC, as admin-config makes them. */
export interface AppendClient {
  append(request: audit.AppendRequest, deadlineMs?: number): Promise<audit.AppendResponse>;
  getProof(eventId: Buffer): Promise<audit.GetProofResponse>;
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
    getProof: (eventId) => callUnary(client.getProof.bind(client), { eventId }, metadata, 5_000),
    close: () => client.close(),
  };
};
