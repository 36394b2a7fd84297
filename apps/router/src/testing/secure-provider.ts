import type { AddressInfo, Socket } from 'node:net';
import tls, { type Server, type TLSSocket, type TlsOptions } from 'node:tls';

/** For tests: a TLS server that answers each request with the given bytes. */
export class SecureProvider {
  readonly sockets: TLSSocket[] = [];
  /** For each of the sockets: whether the client took up a session. */
  readonly resumed: boolean[] = [];
  readonly #server: Server;
  respond: (body: Buffer) => Buffer = (body) =>
    Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n`), body]);

  private constructor(options: TlsOptions) {
    this.#server = tls.createServer(options, (socket) => {
      this.sockets.push(socket);
      this.resumed.push(socket.isSessionReused());
      this.#serve(socket);
    });
    // Clients that go away amid the handshake.
    this.#server.on('tlsClientError', () => undefined);
  }

  static async start(options: TlsOptions): Promise<SecureProvider> {
    const provider = new SecureProvider(options);
    await new Promise<void>((resolve) => provider.#server.listen(0, '127.0.0.1', resolve));
    return provider;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
  }

  #serve(socket: Socket): void {
    let request = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      request = Buffer.concat([request, chunk]);
      const head = request.indexOf('\r\n\r\n') + 4;
      const length = Number(/content-length: (\d+)/.exec(request.toString('latin1', 0, head))?.[1]);
      if (head < 4 || request.length < head + length) return;
      socket.write(this.respond(request.subarray(head)));
      request = Buffer.alloc(0);
    });
  }
}
