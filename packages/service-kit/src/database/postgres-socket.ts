import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { DatabaseTls } from '../tls/tls-schema.js';
import { InsecureConnectionError, SecureSocket } from './secure-socket.js';

/** The parts of what postgres.js made of its URL that its `socket` option is called with, and its types leave out. */
export interface ParsedOptions {
  readonly path?: string | false;
  readonly host: readonly string[];
  readonly port: readonly number[];
}

const quietMs = 50;
const closingMsMax = 1000;

/** Says that the connection is gone, in the driver's own words. */
class ConnectionClosedError extends Error {
  readonly code = 'CONNECTION_CLOSED';
  constructor() {
    super('the connection to the database is closed');
    this.name = 'ConnectionClosedError';
  }
}

/**
 * Holds the news of a closed socket back until the driver has stopped writing to it. postgres.js 3.4 forgets a closed
 * socket at once; the rollback of a transaction that was open is then written to nothing, which is an uncaught
 * exception, and a write that was pending blocks every later one. Here such writes fail like any other query.
 */
export const closeQuietly = <S extends Duplex>(socket: S): S => {
  const emit = socket.emit.bind(socket);
  const write = socket.write.bind(socket) as (chunk: Uint8Array, done?: (error?: Error) => void) => boolean;
  let closed: { readonly hadError: boolean; readonly deadlineMs: number } | undefined;
  let timer: NodeJS.Timeout | undefined;

  const announce = (): void => {
    if (closed !== undefined) emit('close', closed.hadError);
  };
  const announceSoon = (): void => {
    if (closed === undefined) return;
    clearTimeout(timer);
    timer = setTimeout(announce, Math.min(quietMs, Math.max(0, closed.deadlineMs - performance.now())));
  };
  const refuse = (): void => {
    // After the announcement nobody listens, and an error nobody listens to would end the process.
    if (socket.listenerCount('error') > 0) emit('error', new ConnectionClosedError());
  };

  socket.write = ((chunk: Uint8Array, done?: (error?: Error) => void): boolean => {
    if (closed === undefined) return write(chunk, done);
    setImmediate(refuse);
    announceSoon();
    return true;
  }) as S['write'];
  socket.emit = ((event: string, ...values: unknown[]): boolean => {
    if (event !== 'close' || closed !== undefined) return emit(event, ...values);
    closed = { hadError: values[0] === true, deadlineMs: performance.now() + closingMsMax };
    refuse();
    announceSoon();
    return true;
  }) as S['emit'];
  return socket;
};

/** A socket on its way to a database, and the TCP connection below it (undefined for a unix socket). */
export interface DatabaseSocket {
  readonly socket: Duplex;
  readonly tcp: Socket | undefined;
}

/** Starts to connect as the driver would. With `tls` nothing goes over the connection before the server has proved itself. */
export const connectDatabase = (
  { path, host, port }: ParsedOptions,
  tls: DatabaseTls | undefined,
): DatabaseSocket => {
  const address = { host: host[0] ?? '127.0.0.1', port: port[0] ?? 5432 };
  if (path) {
    const socket = connect(path);
    // Postgres has no TLS there.
    if (tls !== undefined) socket.destroy(new InsecureConnectionError('CONNECTION_NOT_ENCRYPTED'));
    return { socket, tcp: undefined };
  }
  if (tls !== undefined) {
    const socket = new SecureSocket(address, tls);
    return { socket, tcp: socket.tcp };
  }
  const socket = connect({ ...address, noDelay: true });
  // Where the driver looks for the name to expect in a certificate, if its URL asks it for TLS.
  Object.assign(socket, { host: address.host });
  return { socket, tcp: socket };
};

/** What postgres.js is given besides its URL, so that connections close quietly, and are secure with `tls`. */
export const postgresSocket = (
  tls: DatabaseTls | undefined,
): { readonly socket: (parsed: ParsedOptions) => Duplex; readonly ssl?: false } => ({
  socket: (parsed) => closeQuietly(connectDatabase(parsed, tls).socket),
  // Whatever the URL says: the driver would begin TLS inside of ours.
  ...(tls !== undefined && { ssl: false }),
});
