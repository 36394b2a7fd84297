import { connect, type Socket } from 'node:net';

/** The parts of what postgres.js made of its URL that its `socket` option is called with. */
interface ParsedOptions {
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
export const closeQuietly = (socket: Socket): Socket => {
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
  }) as Socket['write'];
  socket.emit = ((event: string, ...values: unknown[]): boolean => {
    if (event !== 'close' || closed !== undefined) return emit(event, ...values);
    closed = { hadError: values[0] === true, deadlineMs: performance.now() + closingMsMax };
    refuse();
    announceSoon();
    return true;
  }) as Socket['emit'];
  return socket;
};

/** For the `socket` option of postgres.js, without TLS: connects as the driver would, and closes quietly. */
export const postgresSocket = ({ path, host, port }: ParsedOptions): Socket => {
  const name = host[0] ?? '127.0.0.1';
  const socket = path ? connect(path) : connect({ host: name, port: port[0] ?? 5432 });
  // Where the driver looks for the name to expect in a certificate.
  Object.assign(socket, { host: name });
  return closeQuietly(socket);
};
