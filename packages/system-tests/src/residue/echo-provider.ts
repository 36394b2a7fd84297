import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Certificate } from './certificate.js';
import { type EchoShape, echoShapeOf } from './echo-shapes.js';

/** What the provider does with the next requests. Every answer quotes the prompt. */
export type Behaviour =
  | 'echo'
  | 'gzip'
  | 'error_400'
  | 'error_500'
  | 'error_in_stream'
  | 'reset_at_once'
  | 'reset_halfway'
  | 'stall_at_once'
  | 'stall_halfway';

export interface EchoProvider {
  readonly baseUrl: string;
  behaviour: Behaviour;
  /** Requests that were read to their end. */
  readonly asked: number;
  close(): Promise<void>;
}

interface Asked {
  readonly model?: string;
  readonly stream?: boolean;
  readonly messages?: readonly { readonly content: string }[];
  readonly prompt?: string;
  readonly input?: string;
}

const contentOf = ({ messages, prompt, input }: Asked): string =>
  messages?.at(-1)?.content ?? prompt ?? input ?? '';
const pieceCharacters = 400;
const errorOf = (content: string): string =>
  JSON.stringify({ error: { message: `cannot do ${content}`, type: 'invalid_request_error', code: null } });

const partsOf = (shape: EchoShape, content: string, streaming: boolean): string[] => {
  if (!streaming || shape.events === undefined) return [JSON.stringify(shape.whole(content))];
  const pieces: string[] = [];
  for (let at = 0; at < content.length; at += pieceCharacters)
    pieces.push(content.slice(at, at + pieceCharacters));
  return shape.events(pieces).map((event) => `${event}\n\n`);
};

const answer = (behaviour: Behaviour, asked: Asked, res: ServerResponse): void => {
  const shape = echoShapeOf(res.req.url);
  const content = contentOf(asked);
  if (behaviour === 'stall_at_once') return;
  if (behaviour === 'error_400' || behaviour === 'error_500') {
    res.writeHead(Number(behaviour.slice(-3)), { 'content-type': 'application/json' });
    res.end(errorOf(content));
    return;
  }
  const streaming = asked.stream === true && shape.events !== undefined;
  const type = { 'content-type': streaming ? 'text/event-stream' : 'application/json' };
  const parts = partsOf(shape, content, streaming);
  if (behaviour === 'gzip') {
    res.writeHead(200, { ...type, 'content-encoding': 'gzip' });
    res.end(gzipSync(parts.join('')));
    return;
  }
  if (behaviour === 'echo') {
    const text = parts.join('');
    res.writeHead(200, streaming ? type : { ...type, 'content-length': Buffer.byteLength(text) });
    for (const part of parts) res.write(part);
    res.end();
    return;
  }
  const half = parts.join('').slice(0, parts.join('').length / 2);
  res.writeHead(200, type);
  res.write(half, () => {
    if (behaviour === 'error_in_stream') res.end(`\n\ndata: ${errorOf(content)}\n\n`);
    else if (behaviour === 'reset_halfway') res.destroy();
  });
};

const readAll = async (incoming: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

/** A provider that answers with the last message it was sent, over HTTP or, with a certificate, HTTPS. */
export const startEchoProvider = async (certificate: Certificate | undefined): Promise<EchoProvider> => {
  let asked = 0;
  let behaviour: Behaviour = 'echo';
  /** Below TLS, which cannot send a reset. */
  const sockets = new Set<Socket>();
  const onRequest = (incoming: IncomingMessage, res: ServerResponse): void => {
    res.on('error', () => undefined);
    readAll(incoming).then(
      (body) => {
        asked++;
        if (behaviour === 'reset_at_once') for (const socket of sockets) socket.resetAndDestroy();
        else answer(behaviour, JSON.parse(body.toString()) as Asked, res);
      },
      () => undefined,
    );
  };
  const server =
    certificate === undefined ? createServer(onRequest) : createSecureServer(certificate, onRequest);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `${certificate === undefined ? 'http' : 'https'}://localhost:${port}/v1`,
    get behaviour() {
      return behaviour;
    },
    set behaviour(next) {
      behaviour = next;
    },
    get asked() {
      return asked;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
