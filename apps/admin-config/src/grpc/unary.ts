import type * as grpc from '@grpc/grpc-js';
import { LetheError, type Logger } from '@lethe/service-kit';
import { statusOf } from './status-of.js';

/** A unary method from an async function; what it rejects with becomes a status. */
export const unary =
  <Request, Response>(
    log: Logger,
    run: (request: Request) => Promise<Response>,
  ): grpc.handleUnaryCall<Request, Response> =>
  (call, callback) => {
    run(call.request).then(
      (response) => callback(null, response),
      (error) => {
        if (!(error instanceof LetheError)) log.error('grpc.failed', error);
        callback(statusOf(error));
      },
    );
  };
