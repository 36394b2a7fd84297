export type { Login, PostgresConnection } from './connection-address.js';
export {
  PostgresServerError,
  type PostgresServerErrorCode,
  type PostgresServerErrorFields,
} from './postgres-server-error.js';
export { type Exit, type PostgresServer, type StartOptions, startPostgres } from './start-postgres.js';
