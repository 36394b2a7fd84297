export { startTestPostgres, type TestLogin, type TestPostgres } from './postgres/start-test-postgres.js';
