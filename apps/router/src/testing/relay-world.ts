import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { CallerResponse } from '../http/caller.js';
import { takePlainConnections } from '../http/plain/plain-connections.js';
import { type RelayOptions, type RelayResult, relay } from '../http/relay.js';
import type { ProviderClient } from '../providers/types.js';
import { eventually, ScriptedProvider, splicedBody } from './scripted-provider.js';

export type RelaySettings = Omit<RelayOptions, 'upstream' | 'res' | 'taps' | 'onFirstByte'>;
export const plain: RelaySettings = {
  headers: ['x-lethe-request-id', 'r'],
  streaming: false,
  removeUsageEvent: false,
};
export const stream: RelaySettings = { ...plain, streaming: true };

export interface Caller {
  readonly socket: Socket;
  /** Everything received so far. */
  readonly text: () => string;
  readonly closed: () => boolean;
}

export const getRequest = 'GET / HTTP/1.1\r\nhost: x\r\n\r\n';
/** One that is read without Node. */
export const plainRequest = 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}';

/** For tests: a server that relays what a scripted provider answers, and its callers. */
export class RelayWorld {
  provider!: ScriptedProvider;
  client!: ProviderClient;
  settings: RelaySettings = plain;
  /** What callers send. */
  asks = getRequest;
  results: RelayResult[] = [];
  tapped: Buffer[] = [];
  firstBytes = 0;
  /** More taps than the one that keeps `tapped`. */
  taps: RelayOptions['taps'] = [];
  cutUpstream = (): void => undefined;
  #relaying = 0;
  readonly #sockets: Socket[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((_incoming, res) => void this.#relay(res));
    takePlainConnections(this.#server, {
      posts: new Map([['/', (call) => void this.#relay(call)]]),
      secure: false,
      headBytesMax: 1_024,
      headMsMax: 60_000,
      onTraffic: () => undefined,
      tooLate: (socket) => socket.destroy(),
    });
  }

  static async start(): Promise<RelayWorld> {
    const world = new RelayWorld();
    await new Promise<void>((resolve) => world.#server.listen(0, '127.0.0.1', resolve));
    return world;
  }

  /** A new provider, and nothing seen yet. */
  async begin(): Promise<void> {
    this.provider = await ScriptedProvider.start();
    this.client = this.provider.client();
    this.settings = plain;
    this.results = [];
    this.tapped = [];
    this.taps = [];
    this.firstBytes = 0;
  }

  async end(): Promise<void> {
    for (const socket of this.#sockets.splice(0)) socket.destroy();
    this.provider.stop();
    await eventually(() => this.#relaying === 0);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  call(request = this.asks): Caller {
    const socket = connect((this.#server.address() as AddressInfo).port, '127.0.0.1');
    this.#sockets.push(socket);
    const parts: Buffer[] = [];
    let isClosed = false;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => parts.push(chunk));
    socket.on('close', () => {
      isClosed = true;
    });
    socket.write(request);
    return { socket, text: () => Buffer.concat(parts).toString('latin1'), closed: () => isClosed };
  }

  async #relay(res: CallerResponse): Promise<void> {
    const { target } = this.provider;
    const upstream = await this.client.send(target, splicedBody('{}'), 'application/json', (cut) => {
      this.cutUpstream = cut;
    });
    this.#relaying++;
    const result = await relay({
      ...this.settings,
      upstream,
      res,
      taps: [
        (buffer, start, end) => this.tapped.push(Buffer.from(buffer.subarray(start, end))),
        ...this.taps,
      ],
      onFirstByte: () => {
        this.firstBytes++;
      },
    });
    this.#relaying--;
    this.results.push(result);
  }
}

export const headOf = (text: string): string => text.slice(0, text.indexOf('\r\n\r\n')).toLowerCase();

/** The body of a response, chunked framing removed. */
export const bodyOf = (text: string): string => {
  const body = text.slice(text.indexOf('\r\n\r\n') + 4);
  if (!headOf(text).includes('transfer-encoding: chunked')) return body;
  const payload: string[] = [];
  for (let at = 0; ; ) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = lineEnd === -1 ? 0 : Number.parseInt(body.slice(at, lineEnd), 16);
    if (!(size > 0)) return payload.join('');
    payload.push(body.slice(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
};
export const isEnded = (text: string): boolean => text.endsWith('0\r\n\r\n');

export const json = (body: string | Buffer, headers = ''): Buffer =>
  Buffer.concat([
    Buffer.from(
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${headers}content-length: ${body.length}\r\n\r\n`,
    ),
    Buffer.from(body),
  ]);
export const eventStream =
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';
export const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
export const lastChunk = '0\r\n\r\n';

export const contentEvent = 'data: {"choices":[{"delta":{"content":"hi"}}]}\n\n';
export const usageEvent = 'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n';
export const endEvent = 'data: [DONE]\n\n';
