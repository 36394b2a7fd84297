import * as grpc from '@grpc/grpc-js';
import type { Secret } from '../safe/opaque.js';
import './quiet-grpc.js';

type Unary<Request, Response> = (
  request: Request,
  metadata: grpc.Metadata,
  options: Partial<grpc.CallOptions>,
  callback: (error: grpc.ServiceError | null, response: Response) => void,
) => unknown;

/** Metadata that carries this service's own credential. */
export const callMetadata = (credential: Secret): grpc.Metadata => {
  const metadata = new grpc.Metadata();
  metadata.set('authorization', `Bearer ${credential.reveal()}`);
  return metadata;
};

/** A gRPC call that failed: the status code and nothing of its text. `retriable`: the other side was not there. */
export class GrpcCallError extends Error {
  readonly retriable: boolean;
  constructor(readonly status: grpc.status) {
    super('gRPC call failed');
    this.name = 'GrpcCallError';
    this.retriable = [
      grpc.status.UNAVAILABLE,
      grpc.status.DEADLINE_EXCEEDED,
      grpc.status.CANCELLED,
      grpc.status.RESOURCE_EXHAUSTED,
      grpc.status.ABORTED,
    ].includes(status);
  }
}

/** One unary call with a deadline. Rejects with GrpcCallError. */
export const callUnary = <Request, Response>(
  method: Unary<Request, Response>,
  request: Request,
  metadata: grpc.Metadata,
  deadlineMs: number,
): Promise<Response> =>
  new Promise((resolve, reject) => {
    method(request, metadata, { deadline: Date.now() + deadlineMs }, (error, response) => {
      if (error) reject(new GrpcCallError(error.code));
      else resolve(response);
    });
  });
