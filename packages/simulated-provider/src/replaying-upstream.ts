import {
  createServer,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type ServerResponse,
} from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Listening, listen } from './listen.js';
import { readBody } from './read-body.js';

export interface ReplayRequest {
  readonly method: string;
  /** As in the request line, query included. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface ReplayResponse {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  /** One Buffer is sent whole with its length; several are sent as separate writes of a chunked body. */
  readonly body: Buffer | readonly Buffer[];
}

export interface ReplayingUpstreamOptions {
  readonly port?: number;
  readonly host?: string;
  /** Says what to send. When it throws, the client sees its connection reset. */
  readonly respond: (request: ReplayRequest) => ReplayResponse | Promise<ReplayResponse>;
}

/** Starts a server that sends given responses byte for byte and knows nothing of their dialect. */
export async function startReplayingUpstream(options: ReplayingUpstreamOptions): Promise<Listening> {
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    const answer = async (): Promise<void> => {
      const body = await readBody(request);
      if (typeof body === 'string') throw new Error('no whole request was received');
      const { method = '', url: path = '', headers } = request;
      await send(await options.respond({ method, path, headers, body }), response);
    };
    answer().catch(() => request.socket.resetAndDestroy());
  });
  return listen(server, options);
}

async function send({ status, headers, body }: ReplayResponse, response: ServerResponse): Promise<void> {
  if (Buffer.isBuffer(body)) {
    response.writeHead(status, { 'content-length': body.length, ...headers });
    response.end(body);
    return;
  }
  response.writeHead(status, headers);
  for (const part of body as readonly Buffer[]) {
    if (response.destroyed) return;
    await new Promise<void>((resolve) => {
      response.write(part, () => resolve());
    });
    // Writes of one turn of the event loop would leave as one.
    await nextTurn();
  }
  response.end();
}
