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

const cancelCall = (call: unknown): void => {
  if (typeof call === 'object' && call !== null && 'cancel' in call && typeof call.cancel === 'function')
    call.cancel();
};

/** One unary call with a deadline; `signal` gives it up before that. Rejects with GrpcCallError. */
export const callUnary = <Request, Response>(
  method: Unary<Request, Response>,
  request: Request,
  metadata: grpc.Metadata,
  deadlineMs: number,
  signal?: AbortSignal,
): Promise<Response> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(new GrpcCallError(grpc.status.CANCELLED));
    const cancel = () => cancelCall(call);
    const call = method(request, metadata, { deadline: Date.now() + deadlineMs }, (error, response) => {
      signal?.removeEventListener('abort', cancel);
      if (error) reject(new GrpcCallError(error.code));
      else resolve(response);
    });
    signal?.addEventListener('abort', cancel);
  });
