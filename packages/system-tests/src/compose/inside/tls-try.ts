import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

/** Who comes, how, and with which first words. */
export interface TlsTry {
  readonly host: string;
  readonly port: number;
  /** Absent: in plain text. */
  readonly tls?: {
    readonly ca: string;
    readonly cert?: string;
    readonly key?: string;
    readonly alpn?: string;
    /** Default: the host. */
    readonly servername?: string;
  };
  /** Base64 of what is sent once the connection stands. */
  readonly says: string;
  /** Postgres asks for TLS in its own words first. */
  readonly isPostgres?: boolean;
}

const waitMs = 8_000;
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';

const coded = (code: string): Error => Object.assign(new Error(code), { code });

const secured = async (socket: Socket, { host, tls, isPostgres }: TlsTry): Promise<Socket | TLSSocket> => {
  if (tls === undefined) return socket;
  if (isPostgres) {
    socket.write(sslRequest);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    if (answer.toString('latin1') !== 'S') throw coded('NO_TLS');
  }
  const { alpn, ...rest } = tls;
  const secure = connectTls({
    socket,
    servername: host,
    ...rest,
    ...(alpn !== undefined && { ALPNProtocols: [alpn] }),
  });
  await once(secure, 'secureConnect');
  return secure;
};

const firstAnswer = async (socket: Socket, task: TlsTry): Promise<string> => {
  await once(socket, 'connect');
  const way = await secured(socket, task);
  const answer = once(way, 'data') as Promise<[Buffer]>;
  const closed = once(way, 'close').then(() => Promise.reject(coded('CLOSED')));
  way.write(Buffer.from(task.says, 'base64'));
  const [first] = await Promise.race([answer, closed]);
  return `answered ${first.subarray(0, 40).toString('hex')}`;
};

/**
 * `answered <first bytes, in hex>` when the other side sends anything of its protocol; else the code of what ended it. With
 * TLS 1.3 a client's handshake is over before the server has looked at its certificate: only an answer says that it
 * was let in.
 */
export const tryTls = async (task: TlsTry): Promise<string> => {
  const socket = connect(task.port, task.host);
  socket.on('error', () => undefined);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(coded('SILENT')), waitMs);
  });
  try {
    return await Promise.race([firstAnswer(socket, task), late]);
  } catch (error) {
    return codeOf(error);
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
};
