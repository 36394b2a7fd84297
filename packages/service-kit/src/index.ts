export { type OneConnection, openOneConnection } from './database/one-connection.js';
export { postgresSocket } from './database/postgres-socket.js';
export { type InsecureCode, InsecureConnectionError } from './database/secure-socket.js';
export * from './grpc/grpc-client.js';
export { channelTo } from './grpc/grpc-credentials.js';
export * from './grpc/grpc-server.js';
export * from './grpc/management-identity.js';
export * from './metrics/certificate-expiry.js';
export * from './metrics/closed-metrics.js';
export * from './process/backoff.js';
export * from './process/coarse-timer.js';
export * from './process/config.js';
export * from './process/lanes.js';
export * from './process/launch.js';
export * from './process/metrics.js';
export * from './process/run-service.js';
export * from './rest/read-json.js';
export * from './rest/rest-app.js';
export * from './rest/source-address.js';
export * from './safe/bearer.js';
export * from './safe/errors.js';
export * from './safe/log.js';
export * from './safe/opaque.js';
export { GuardedSockets } from './sockets/guarded-sockets.js';
export { openTls, type ServiceTls } from './tls/open-tls.js';
export { serviceUri } from './tls/service-uri.js';
export { TlsIdentity, type TlsRefusal, TlsRefusedError } from './tls/tls-identity.js';
export {
  type DatabaseTls,
  databaseTlsSchema,
  publicTlsSchema,
  type TlsSet,
  tlsSchema,
} from './tls/tls-schema.js';
