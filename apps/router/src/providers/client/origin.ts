import { isIP, type Socket, connect as tcpConnect } from 'node:net';
import { connect as tlsConnect } from 'node:tls';

/** SSL_OP_CLEANSE_PLAINTEXT of OpenSSL 3: what was decrypted is overwritten once it was read. Node has no name for it. */
const cleansePlaintext = 2;

export interface Origin {
  readonly secure: boolean;
  readonly hostname: string;
  readonly port: number;
  /** For the host header. */
  readonly host: string;
}

/** Splits scheme://host[:port]; undefined when it is no http or https origin. */
export const parseOrigin = (text: string): Origin | undefined => {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const secure = url.protocol === 'https:';
  if (!secure && url.protocol !== 'http:') return undefined;
  return {
    secure,
    hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    host: url.host,
  };
};

interface OnRead {
  /** Called after each read for the buffer of the next one. */
  readonly buffer: () => Buffer;
  /** Bytes [0, count) of the buffer were read; false stops reading. */
  readonly callback: (count: number, buffer: Uint8Array) => boolean;
}

/** Opens a socket that reads into the given buffers. `onReady` is called when a request may be written. */
export const openSocket = (origin: Origin, onread: OnRead, onReady: () => void): Socket => {
  const common = { host: origin.hostname, port: origin.port, onread, noDelay: true, keepAlive: true };
  if (!origin.secure) return tcpConnect(common, onReady);
  return tlsConnect(
    {
      ...common,
      ALPNProtocols: ['http/1.1'],
      secureOptions: cleansePlaintext,
      ...(isIP(origin.hostname) === 0 ? { servername: origin.hostname } : {}),
    },
    onReady,
  );
};
