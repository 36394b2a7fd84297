import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { GuardedSockets } from '@lethe/service-kit';
import postgres from 'postgres';
import { ObjectStoreError } from '../port.js';

const connectTimeoutS = 5;
const statementTimeoutMs = 10_000;
const endTimeoutS = 1;

/** The parts of what postgres.js made of its URL that its custom socket gets and its types leave out. */
interface ParsedOptions {
  readonly path?: string | false;
  readonly host: readonly string[];
  readonly port: readonly number[];
}

const ignore = (): void => undefined;

/** One connection to the store's database. It never reconnects: a new one is opened instead. */
export interface Connection {
  readonly sql: postgres.Sql;
  readonly sockets: GuardedSockets;
  /** Whether the server was not seen to end it. */
  isOpen(): boolean;
  /** Disconnects in an orderly way within a second, and then in any case. */
  end(): Promise<void>;
}

const openSocket = async (
  sockets: GuardedSockets,
  parsed: ParsedOptions,
  onClose: () => void,
): Promise<Socket> => {
  const { path, host, port } = parsed;
  const name = host[0] ?? '127.0.0.1';
  const socket = path ? connect(path) : connect({ host: name, port: port[0] ?? 5432, noDelay: true });
  sockets.adopt(socket, path ? undefined : socket);
  socket.once('close', onClose);
  // Where postgres.js looks for the name to expect in a certificate.
  Object.assign(socket, { host: name });
  await once(socket, 'connect', { signal: AbortSignal.timeout(connectTimeoutS * 1_000) });
  return socket;
};

/** Prepares a connection; it is made with the first query. Throws ObjectStoreError when the URL cannot be read. */
export const openConnection = (url: string, mayWrite?: () => boolean): Connection => {
  const sockets = new GuardedSockets(mayWrite);
  let used = false;
  let ended = false;
  const settings = {
    max: 1,
    fetch_types: false,
    prepare: true,
    debug: false,
    idle_timeout: 0,
    max_lifetime: null,
    connect_timeout: connectTimeoutS,
    keep_alive: 30,
    onnotice: ignore,
    onparameter: ignore,
    connection: {
      application_name: 'lethe-object-store',
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: statementTimeoutMs,
      // An acknowledgement means that the object survives a crash, whatever the role's default says.
      synchronous_commit: 'on',
    },
    socket: (parsed: ParsedOptions): Promise<Socket> => {
      // On a silent reconnect the second half of a transaction would run without the first.
      if (used || sockets.isCut) throw new ObjectStoreError('unavailable');
      used = true;
      return openSocket(sockets, parsed, () => {
        ended = true;
      });
    },
  };
  try {
    const sql = postgres(url, settings);
    const end = async (): Promise<void> => {
      const timer = setTimeout(() => sockets.cut(), endTimeoutS * 2_000);
      await sql.end({ timeout: endTimeoutS }).catch(ignore);
      clearTimeout(timer);
      sockets.cut();
    };
    return { sql, sockets, isOpen: () => !ended && !sockets.isCut, end };
  } catch {
    throw new ObjectStoreError('unavailable');
  }
};
