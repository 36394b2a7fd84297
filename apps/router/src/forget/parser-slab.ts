import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { openPrivateConnection } from './private-connection.js';
import { Passing, passMsMax, type Scrub } from './scrub.js';

/** What Node's HTTP parsers of one thread read into, all of them the same. */
const slabBytes = 64 * 1024;
/** The first read takes the head along, so that the second is one of zeros only, and a whole slab. */
const zeroBytes = 2 * slabBytes;

/**
 * Reads zeros through an HTTP server of this thread, over a connection to itself: Node's parsers share one buffer, in
 * which the end of a long prompt would stay until another one as long comes.
 */
export class ParserSlab implements Scrub {
  readonly #token = randomBytes(32).toString('hex');
  readonly #server: Server;
  readonly #request: Buffer;
  readonly #passing = new Passing();
  readonly #proofs = new WeakMap<Socket, () => void>();
  #client: Socket | undefined;
  #closed = false;
  /** A read of this pass filled the whole slab. */
  #filled = false;

  constructor() {
    this.#server = createServer(
      { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 },
      (incoming, res) => this.#take(incoming, res),
    );
    this.#server.on('clientError', (_error, socket) => socket.destroy());
    const head = `POST /${this.#token} HTTP/1.1\r\nhost: x\r\ncontent-length: ${zeroBytes}\r\n\r\n`;
    this.#request = Buffer.concat([Buffer.from(head, 'latin1'), Buffer.alloc(zeroBytes)]);
  }

  async pass(): Promise<void> {
    const client = this.#client ?? (await this.#open());
    this.#filled = false;
    await this.#passing.start(() => client.write(this.#request));
  }

  close(): void {
    this.#closed = true;
    this.#client?.destroy();
    this.#passing.failed();
  }

  async #open(): Promise<Socket> {
    const client = await openPrivateConnection({
      accept: (socket, prove) => {
        this.#proofs.set(socket, prove);
        this.#server.emit('connection', socket);
      },
      connectTo: (address) => {
        const socket = connect(address);
        socket.once('connect', () => socket.write(this.#request));
        return socket;
      },
      timeoutMs: passMsMax,
    });
    if (this.#closed) client.destroy();
    this.#client = client;
    client.on('data', () => {
      if (this.#filled) this.#passing.done();
      else this.#passing.failed();
    });
    client.once('close', () => {
      this.#client = undefined;
      this.#passing.failed();
    });
    return client;
  }

  #take(incoming: IncomingMessage, res: ServerResponse): void {
    // Whoever does not know the token is none of ours.
    if (incoming.url !== `/${this.#token}`) {
      incoming.socket.destroy();
      return;
    }
    incoming.on('data', (chunk: Buffer) => {
      if (chunk.length === slabBytes) this.#filled = true;
    });
    incoming.on('end', () => {
      const prove = this.#proofs.get(incoming.socket);
      this.#proofs.delete(incoming.socket);
      prove?.();
      res.writeHead(204);
      res.end();
    });
  }
}
