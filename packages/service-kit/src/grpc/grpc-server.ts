import { timingSafeEqual } from 'node:crypto';
import * as grpc from '@grpc/grpc-js';
import { mayCall, type ServiceName, serviceNames } from '@lethe/contracts';
import { bearerToken, tokenSha256 } from '../safe/bearer.js';
import { serviceOfPeer } from '../tls/service-uri.js';
import type { TlsIdentity } from '../tls/tls-identity.js';
import { serverCredentials } from './grpc-credentials.js';
import './quiet-grpc.js';

/** SHA-256 of each calling service's credential; a service that is absent may not call. */
export type CallerCredentials = Readonly<Partial<Record<ServiceName, Buffer>>>;

const callerOf = (metadata: grpc.Metadata, credentials: CallerCredentials): ServiceName | undefined => {
  const header = metadata.get('authorization')[0];
  const token = typeof header === 'string' ? bearerToken(header) : undefined;
  if (token === undefined) return undefined;
  const sha256 = tokenSha256(token);
  return serviceNames.find((name) => {
    const expected = credentials[name];
    return expected !== undefined && expected.length === sha256.length && timingSafeEqual(expected, sha256);
  });
};

/**
 * Refuses every call whose credential is unknown or, over TLS, another service's than the certificate (UNAUTHENTICATED),
 * or not on the method's list (PERMISSION_DENIED).
 */
const checkCaller =
  (credentials: CallerCredentials, overTls: boolean): grpc.ServerInterceptor =>
  (method, call) =>
    new grpc.ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, nextMetadata) => {
            const caller = callerOf(metadata, credentials);
            if (caller === undefined) {
              call.sendStatus({ code: grpc.status.UNAUTHENTICATED, details: 'unknown service credential' });
            } else if (overTls && serviceOfPeer(call.getAuthContext().sslPeerCertificate) !== caller) {
              call.sendStatus({
                code: grpc.status.UNAUTHENTICATED,
                details: 'the certificate is not of the service whose credential this is',
              });
            } else if (!(mayCall[method.path] ?? []).includes(caller)) {
              call.sendStatus({
                code: grpc.status.PERMISSION_DENIED,
                details: 'this service may not call this method',
              });
            } else {
              nextMetadata(metadata);
            }
          },
        }),
    });

interface GrpcServerOptions {
  readonly host: string;
  readonly port: number;
  readonly credentials: CallerCredentials;
  /** With it every client must show a certificate; plain text without. */
  readonly tls?: TlsIdentity | undefined;
  readonly services: readonly {
    readonly definition: grpc.ServiceDefinition;
    readonly implementation: grpc.UntypedServiceImplementation;
  }[];
}

/** Starts a gRPC server on which each call carries a per-service credential. `close` drains for a second, then cuts. */
export const serveGrpc = async (
  options: GrpcServerOptions,
): Promise<{ readonly port: number; close(): Promise<void> }> => {
  const server = new grpc.Server({
    interceptors: [checkCaller(options.credentials, options.tls !== undefined)],
    'grpc.max_receive_message_length': 16 * 1024 * 1024,
  });
  for (const { definition, implementation } of options.services)
    server.addService(definition, implementation);
  const own = serverCredentials(options.tls);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${options.host}:${options.port}`, own.credentials, (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        const cut = setTimeout(() => server.forceShutdown(), 1000);
        server.tryShutdown(() => {
          clearTimeout(cut);
          own.close();
          resolve();
        });
      }),
  };
};
