import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { CoarseTimer, Opaque } from '@lethe/service-kit';
import type { SplicedBody } from '../http/types.js';
import { createProviderClient } from '../providers/client/provider-client.js';
import {
  type ProviderClient,
  UpstreamError,
  type UpstreamLimits,
  type UpstreamResponse,
  type UpstreamTarget,
} from '../providers/types.js';

const generous: UpstreamLimits = {
  connectMsMax: 5_000,
  headMsMax: 5_000,
  idleMsMax: 5_000,
  answerMsMax: 60_000,
  headBytesMax: 16 * 1024,
};

type Answer = (socket: Socket, request: Buffer, index: number) => void;

/** Splits a byte stream into requests by their content-length. */
const onRequests = (socket: Socket, each: (request: Buffer, index: number) => void): void => {
  let bytes = Buffer.alloc(0);
  let index = 0;
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    for (;;) {
      const head = bytes.indexOf('\r\n\r\n');
      const length = Number(
        /content-length: (\d+)/.exec(bytes.toString('latin1', 0, Math.max(0, head)))?.[1],
      );
      if (head < 0 || bytes.length < head + 4 + length) return;
      const request = bytes.subarray(0, head + 4 + length);
      bytes = bytes.subarray(head + 4 + length);
      each(request, index++);
    }
  });
};

/** For tests: a provider that answers with whatever bytes it is told, and clients of it. */
export class ScriptedProvider {
  readonly timer = new CoarseTimer(10);
  readonly sockets: Socket[] = [];
  readonly #server: Server;
  readonly #clients: ProviderClient[] = [];
  /** Called with each whole request and its number on the connection. */
  answer: Answer = (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}');

  private constructor() {
    this.#server = createServer((socket) => {
      this.sockets.push(socket);
      socket.on('error', () => undefined);
      onRequests(socket, (request, index) => this.answer(socket, request, index));
    });
  }

  static async start(): Promise<ScriptedProvider> {
    const provider = new ScriptedProvider();
    await new Promise<void>((resolve) => provider.#server.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  stop(): void {
    for (const client of this.#clients) client.close();
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
  }

  get target(): UpstreamTarget {
    return {
      origin: `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`,
      path: '/base/v1/chat/completions',
      credential: new Opaque('sk-provider'),
      authentication: 'bearer',
    };
  }

  client(limits: Partial<UpstreamLimits> = {}, connectionsPerOriginMax = 8): ProviderClient {
    const made = createProviderClient({
      limits: { ...generous, ...limits },
      connectionsPerOriginMax,
      timer: this.timer,
    });
    this.#clients.push(made);
    return made;
  }

  /** Answers every request with these parts, a pause between them. */
  answerWith(...parts: readonly (string | Buffer)[]): void {
    this.answer = async (socket) => {
      for (const part of parts) {
        socket.write(part);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
  }
}

export const splicedBody = (...parts: readonly string[]): SplicedBody => {
  const buffers = parts.map((part) => Buffer.from(part));
  return { buffers, bytesTotal: Buffer.concat(buffers).length };
};

/** The whole body, and how it ended. */
export const collect = async (response: UpstreamResponse): Promise<{ end: string; text: string }> => {
  const parts: Buffer[] = [];
  const end = await response.pipe({
    data: (buffer, start, stop) => {
      parts.push(Buffer.from(buffer.subarray(start, stop)));
      return 'continue';
    },
  });
  return { end, text: Buffer.concat(parts).toString() };
};

/** `<failure> sent` or `<failure> unsent` of a send that must fail. */
export const failureOf = async (response: Promise<unknown>): Promise<string> => {
  try {
    await response;
    return 'no failure';
  } catch (error) {
    if (error instanceof UpstreamError) return `${error.failure} ${error.sent ? 'sent' : 'unsent'}`;
    throw error;
  }
};

export const eventually = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};
