export { closeDatabase } from './close-database.js';
export type { Login, PostgresConnection } from './connection-address.js';
export { applyMigrations, type Migration, type MigrationOptions } from './migrations.js';
export {
  PostgresServerError,
  type PostgresServerErrorCode,
  type PostgresServerErrorFields,
} from './postgres-server-error.js';
export { readMigrations } from './read-migrations.js';
export type { Exit } from './server-process.js';
export { type PostgresServer, type StartOptions, startPostgres } from './start-postgres.js';
