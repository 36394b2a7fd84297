import { PostgresServerError } from './postgres-server-error.js';
import { SOCKET_PORT, socketPath } from './socket-folder.js';

/** Who connects to what. */
export interface Login {
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** Where a server listens: always on its socket, on 127.0.0.1 only when asked. */
export interface Address {
  readonly socketDir: string;
  readonly tcpPort: number | undefined;
}

/** Options for postgres.js: `postgres(connection)`, or `postgres({ ...connection, max: 4 })`. */
export interface PostgresConnection extends Login {
  readonly host: string;
  readonly port: number;
  readonly path?: string;
}

/**
 * A URL that postgres.js takes as it is, `postgres(url)`, also in a process that may not read files. Without TCP the
 * socket's folder stands percent-encoded as the host; other clients would read its comma as a list of hosts.
 * A database whose name is not plain letters, digits and _.~- throws invalid_option: use the options instead.
 */
export function connectionUrl({ socketDir, tcpPort }: Address, login: Login): string {
  // postgres.js decodes user and password but takes the path as it stands.
  if (!/^[\w.~-]+$/.test(login.database)) throw new PostgresServerError('invalid_option');
  const [user, password] = [login.user, login.password].map(encodeURIComponent);
  const host = tcpPort === undefined ? encodedFolder(socketDir) : `127.0.0.1:${tcpPort}`;
  return `postgres://${user}:${password}@${host}/${login.database}`;
}

function encodedFolder(socketDir: string): string {
  const port = `:${SOCKET_PORT}`;
  return `${encodeURIComponent(socketDir.slice(0, -port.length))}${port}`;
}

/** The same as postgres.js options. */
export function connectionOptions({ socketDir, tcpPort }: Address, login: Login): PostgresConnection {
  if (tcpPort !== undefined) return { ...login, host: '127.0.0.1', port: tcpPort };
  return { ...login, host: socketDir, port: SOCKET_PORT, path: socketPath(socketDir) };
}
