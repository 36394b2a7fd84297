import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ErrorCode, errorCodes } from '@lethe/contracts';
import { reportBodyFault } from './body-faults.js';
import { closedHeaders, errorJson, headerPairs, lingerMs } from './error-response.js';

const codesOfNode: Readonly<Record<string, ErrorCode>> = {
  HPE_HEADER_OVERFLOW: 'caller.headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'caller.timeout',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 'caller.body_too_large',
};

/** Node hangs a copy of what could not be read on its error. */
const wipePacket = (error: object): void => {
  if ('rawPacket' in error && error.rawPacket instanceof Buffer) error.rawPacket.fill(0);
};

/** The fault in what was sent, or undefined when it is the connection itself that broke. */
const faultOf = ({ code = '' }: NodeJS.ErrnoException): ErrorCode | undefined =>
  codesOfNode[code] ?? (code.startsWith('HPE_') ? 'caller.malformed_http' : undefined);

/** The answer to the request that came last on a connection, kept on the connection itself. */
const latest = Symbol('latest answer');
type ServedSocket = Duplex & { [latest]?: ServerResponse };

/** Answers on a bare socket and closes it. */
const refuse = (socket: Duplex, code: ErrorCode): void => {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = errorJson(code);
  const head = [
    `HTTP/1.1 ${errorCodes[code].status} Refused`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    ...headerPairs(closedHeaders).map(([name, value]) => `${name}: ${value}`),
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  // What still comes is overwritten, so that the answer is not lost to a reset; a peer that never closes is cut.
  socket.on('data', (chunk: Buffer) => chunk.fill(0));
  const cut = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(cut));
};

/** Refuses on a connection that carries no request. */
export const refuseSocket = (socket: Duplex, code: ErrorCode, broken: (code: ErrorCode) => void): void => {
  broken(code);
  refuse(socket, code);
};

/**
 * Answers what never becomes a request: broken HTTP, too large a head, CONNECT. Faults within a body are told to its
 * reader when there is one. Nothing is written between the answers of requests that came before on the connection.
 */
export const guardSockets = (server: Server, broken: (code: ErrorCode) => void): void => {
  const refused = new WeakSet<Duplex>();
  const refuseInTurn = (socket: Duplex, code: ErrorCode): void => {
    if (refused.has(socket)) return;
    refused.add(socket);
    broken(code);
    const before = (socket as ServedSocket)[latest];
    if (before === undefined || before.writableFinished) refuse(socket, code);
    else before.once('close', () => refuse(socket, code));
  };
  server.on('request', ({ socket }: IncomingMessage, res: ServerResponse) => {
    (socket as ServedSocket)[latest] = res;
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    wipePacket(error);
    const code = faultOf(error);
    if (code === undefined) {
      socket.destroy();
      return;
    }
    const incoming = (socket as ServedSocket)[latest]?.req;
    if (incoming !== undefined && !incoming.complete && reportBodyFault(incoming, code)) return;
    refuseInTurn(socket, code);
  });
  // Node hands this socket over bare: without a listener an error of its would end the process.
  server.on('connect', (_incoming: IncomingMessage, socket: Duplex, begun: Buffer) => {
    begun.fill(0);
    socket.on('error', () => socket.destroy());
    refuseInTurn(socket, 'caller.method_not_allowed');
  });
};
