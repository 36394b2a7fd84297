import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { GuardedSockets } from '@lethe/service-kit';
import postgres from 'postgres';
import { EventLogError } from '../port.js';

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

/** One connection to the log's database. It never reconnects: a new one is opened instead. */
export interface Connection {
  readonly sql: postgres.Sql;
  readonly sockets: GuardedSockets;
  /** Disconnects in an orderly way within a second. */
  end(): Promise<void>;
}

const openSocket = async (sockets: GuardedSockets, { path, host, port }: ParsedOptions): Promise<Socket> => {
  const [hostName = '127.0.0.1'] = host;
  const socket = path ? connect(path) : connect({ host: hostName, port: port[0] ?? 5432 });
  sockets.adopt(socket, path ? undefined : socket);
  if (!path) socket.setNoDelay(true);
  // Where postgres.js looks for the name to expect in a certificate.
  Object.assign(socket, { host: hostName });
  await once(socket, 'connect', { signal: AbortSignal.timeout(connectTimeoutS * 1_000) });
  return socket;
};

/** Prepares a connection; it is made with the first query. Throws EventLogError when the URL cannot be read. */
export const openConnection = (
  url: string,
  options: { mayWrite?: (() => boolean) | undefined; onNotify?: () => void } = {},
): Connection => {
  const sockets = new GuardedSockets(options.mayWrite);
  let used = false;
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
    onnotify: options.onNotify ?? ignore,
    connection: {
      application_name: 'lethe-event-log',
      statement_timeout: statementTimeoutMs,
      // An acknowledgement means that the record survives a crash, whatever the role's default says.
      synchronous_commit: 'on',
    },
    socket: (parsed: ParsedOptions): Promise<Socket> => {
      // A silent reconnect would lose the group's claim and forget that the connection was cut.
      if (used || sockets.isCut) throw new EventLogError('unavailable');
      used = true;
      return openSocket(sockets, parsed);
    },
  };
  try {
    const sql = postgres(url, settings);
    return { sql, sockets, end: () => sql.end({ timeout: endTimeoutS }) };
  } catch {
    throw new EventLogError('unavailable');
  }
};
