import { once } from 'node:events';
import {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  Agent as PlainAgent,
  request,
} from 'node:http';
import { Agent as SecureAgent, request as secureRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { connect as secureConnect } from 'node:tls';
import type { RouterProcess } from './router-process.js';
import { models, type World } from './world.js';

export interface Sent {
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The body in parts: each leaves in a write of its own, chunked when there are several. */
  readonly body: readonly Buffer[];
}

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** A client program of one router. Its connections are kept until `close`. */
export class Caller {
  readonly #router: RouterProcess;
  readonly #world: World;
  readonly #agent: Agent;
  readonly #sockets = new Set<Socket>();

  constructor(world: World, router: RouterProcess) {
    this.#world = world;
    this.#router = router;
    this.#agent = router.secure ? new SecureAgent({ keepAlive: true }) : new PlainAgent({ keepAlive: true });
  }

  /** The token of the organization with ZDR, as a header. */
  get underZdr(): Record<string, string> {
    return { authorization: `Bearer ${this.#world.policy.zdrApiKey}` };
  }

  get headers(): Record<string, string> {
    return { authorization: `Bearer ${this.#world.policy.apiKey}`, 'content-type': 'application/json' };
  }

  /** A chat request with this text in it. */
  chat(content: string, change: object = {}): Buffer {
    const messages = [{ role: 'user', content }];
    return Buffer.from(JSON.stringify({ messages, model: models.echo, ...change }));
  }

  begin({ path = '/v1/chat/completions', method = 'POST', headers = {}, body }: Sent): ClientRequest {
    const { port, secure } = this.#router;
    const ca = this.#world.certificate?.cert;
    const only = body.length === 1 ? body[0] : undefined;
    const make = secure ? secureRequest : request;
    const asked = make({
      host: 'localhost',
      port,
      path,
      method,
      agent: this.#agent,
      ...(ca === undefined ? {} : { ca }),
      headers: {
        ...this.headers,
        ...(only === undefined ? {} : { 'content-length': String(only.length) }),
        ...headers,
      },
    });
    asked.on('error', () => undefined);
    for (const part of body) asked.write(part);
    return asked;
  }

  async ask(sent: Sent): Promise<Answer> {
    const asked = this.begin(sent);
    asked.end();
    const [incoming] = (await once(asked, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
    } catch {
      // Cut off: what came before it counts.
    }
    return { status: incoming.statusCode ?? 0, body: Buffer.concat(chunks) };
  }

  /** A bare connection, for what no HTTP library would do. `below` is what TLS runs over, or the same. */
  async open(): Promise<{ readonly socket: Socket; readonly below: Socket }> {
    const { port, secure } = this.#router;
    const ca = this.#world.certificate?.cert;
    const below = connect({ host: '127.0.0.1', port });
    const socket = secure
      ? secureConnect({ socket: below, servername: 'localhost', ...(ca === undefined ? {} : { ca }) })
      : below;
    this.#sockets.add(below);
    below.on('error', () => undefined);
    socket.on('error', () => undefined);
    await once(socket, secure ? 'secureConnect' : 'connect');
    return { socket, below };
  }

  /** The head of a request as text, for a bare connection. */
  head(change: Readonly<Record<string, string>>): string {
    const lines = Object.entries({ host: 'localhost', ...this.headers, ...change });
    return `POST /v1/chat/completions HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
  }

  close(): void {
    this.#agent.destroy();
    for (const socket of this.#sockets) socket.destroy();
  }
}
