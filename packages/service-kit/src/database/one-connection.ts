import type { Duplex } from 'node:stream';
import { GuardedSockets } from '../sockets/guarded-sockets.js';
import type { DatabaseTls } from '../tls/tls-schema.js';
import { connectDatabase, type ParsedOptions } from './postgres-socket.js';

const connectTimeoutS = 5;
const statementTimeoutMs = 10_000;
const endTimeoutS = 1;

const ignore = (): void => undefined;

/** What of the driver's `Sql` is used here. */
interface Ending {
  end(options: { readonly timeout: number }): Promise<void>;
}

/** One connection to a database. It never reconnects: a new one is opened instead. */
export interface OneConnection<Sql extends Ending> {
  readonly sql: Sql;
  readonly sockets: GuardedSockets;
  /** Whether the server was not seen to end it. */
  isOpen(): boolean;
  /** Disconnects in an orderly way within a second, and then in any case. Never rejects. */
  end(): Promise<void>;
}

interface OneConnectionOptions<Sql extends Ending> {
  /** How the server lists it. */
  readonly applicationName: string;
  /** Reached with a verified certificate only; absent: as the URL says. */
  readonly tls?: DatabaseTls | undefined;
  /** Asked before each write; at the first no the connection is reset, and what the kernel still holds is lost. */
  readonly mayWrite?: (() => boolean) | undefined;
  readonly onNotify?: (() => void) | undefined;
  /** What is thrown in place of a second connection, and for a URL that cannot be read. */
  readonly refusal: () => Error;
  /** Calls the driver with these settings: the driver is the caller's, so that this package loads none. */
  readonly open: (settings: ReturnType<typeof settingsOf>) => Sql;
}

const settingsOf = (
  { applicationName, tls, onNotify }: OneConnectionOptions<Ending>,
  socket: (parsed: ParsedOptions) => Duplex,
) => ({
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
  onnotify: onNotify ?? ignore,
  connection: {
    application_name: applicationName,
    statement_timeout: statementTimeoutMs,
    idle_in_transaction_session_timeout: statementTimeoutMs,
    // An acknowledgement means that what was written survives a crash, whatever the role's default says.
    synchronous_commit: 'on' as const,
  },
  socket,
  ...(tls !== undefined && { ssl: false as const }),
});

/** Prepares a connection; it is made with the first query. Throws the refusal when the URL cannot be read. */
export const openOneConnection = <Sql extends Ending>(
  options: OneConnectionOptions<Sql>,
): OneConnection<Sql> => {
  const { tls, mayWrite, refusal, open } = options;
  const sockets = new GuardedSockets(mayWrite);
  let used = false;
  let ended = false;
  const connect = (parsed: ParsedOptions): Duplex => {
    // A silent reconnect would lose what belongs to the session, and forget that it was cut.
    if (used || sockets.isCut) throw refusal();
    used = true;
    const { socket, tcp } = connectDatabase(parsed, tls);
    socket.once('close', () => {
      ended = true;
    });
    return sockets.adopt(socket, tcp);
  };
  const prepare = (): Sql => {
    try {
      return open(settingsOf(options, connect));
    } catch {
      throw refusal();
    }
  };
  const sql = prepare();
  return {
    sql,
    sockets,
    isOpen: () => !ended && !sockets.isCut,
    end: async () => {
      const timer = setTimeout(() => sockets.cut(), endTimeoutS * 2_000);
      await sql.end({ timeout: endTimeoutS }).catch(ignore);
      clearTimeout(timer);
      sockets.cut();
    },
  };
};
