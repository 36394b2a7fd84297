import http from 'node:http';
import https from 'node:https';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { GuardedSockets } from '@lethe/service-kit';
import type { S3StoreConfig } from '../config.js';
import { ObjectStoreError } from '../port.js';

const connectionsMax = 16;
const idleConnectionsMax = 4;
// Shorter than what servers grant: a connection that the server ends at the same moment costs a put.
const idleMs = 4_000;
const keepAliveMs = 30_000;

/** The server's address, taken apart. */
export interface Endpoint {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
}

/** Throws ObjectStoreError `unavailable` for anything but `http(s)://host[:port]`. */
export const readEndpoint = (endpoint: string): Endpoint => {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const secure = url?.protocol === 'https:';
  const isBare = url !== undefined && `${url.pathname}${url.search}${url.hash}${url.username}` === '/';
  if (!isBare || (!secure && url.protocol !== 'http:')) throw new ObjectStoreError('unavailable');
  return { secure, host: url.hostname, port: Number(url.port) || (secure ? 443 : 80) };
};

/** Connections of its own to one server, whose every write asks the guard; thrown away when it was cut. */
export interface Session {
  readonly sockets: GuardedSockets;
  /** Starts a request on one of them. */
  request(
    options: http.RequestOptions,
    onResponse: (response: http.IncomingMessage) => void,
  ): http.ClientRequest;
  /** Ends the connections that nobody uses any more. */
  end(): void;
}

export const openSession = (config: S3StoreConfig, mayWrite?: () => boolean): Session => {
  const { secure, host, port } = readEndpoint(config.endpoint);
  const sockets = new GuardedSockets(mayWrite);
  const limits = {
    keepAlive: true,
    maxSockets: connectionsMax,
    maxFreeSockets: idleConnectionsMax,
    timeout: idleMs,
  };
  const agent = secure ? new https.Agent(limits) : new http.Agent(limits);
  agent.createConnection = (): Socket => {
    const tcp = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs });
    if (!secure) return sockets.adopt(tcp, tcp);
    const { ca } = config.tls ?? {};
    // Our own TCP socket below, because a TLS socket cannot be reset.
    const tls = connectTls({
      socket: tcp,
      host,
      ...(isIP(host) === 0 && { servername: host }),
      ...(ca !== undefined && { ca }),
      minVersion: 'TLSv1.2',
    });
    return sockets.adopt(tls, tcp);
  };
  return {
    sockets,
    request: (options, onResponse) =>
      (secure ? https : http).request({ ...options, host, port, agent }, onResponse),
    end: () => agent.destroy(),
  };
};
