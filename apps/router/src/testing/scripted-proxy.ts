import { type AddressInfo, createServer, type Server, type Socket, connect as tcpConnect } from 'node:net';

/** For tests: an HTTP proxy that opens tunnels, or answers as it is told. */
export class ScriptedProxy {
  /** The heads of all requests for a tunnel. */
  readonly heads: string[] = [];
  /** What clients sent through tunnels. */
  sent = Buffer.alloc(0);
  /** Answers instead of opening a tunnel. */
  answer: ((socket: Socket) => void) | undefined;
  greeting = 'HTTP/1.1 200 Connection established\r\n\r\n';
  readonly #server: Server;
  readonly #sockets: Socket[] = [];

  private constructor() {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(): Promise<ScriptedProxy> {
    const proxy = new ScriptedProxy();
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #serve(socket: Socket): void {
    this.#sockets.push(socket);
    socket.on('error', () => undefined);
    socket.once('data', (chunk) => {
      const head = chunk.toString('latin1');
      this.heads.push(head);
      if (this.answer !== undefined) this.answer(socket);
      else this.#tunnel(socket, Number(/^CONNECT \S+:(\d+) /.exec(head)?.[1]));
    });
  }

  #tunnel(socket: Socket, port: number): void {
    const far = tcpConnect({ host: '127.0.0.1', port }, () => {
      socket.write(this.greeting);
      socket.on('data', (chunk) => {
        this.sent = Buffer.concat([this.sent, chunk]);
      });
      socket.pipe(far).pipe(socket);
    });
    this.#sockets.push(far);
    far.on('error', () => socket.destroy());
    far.on('close', () => socket.destroy());
    socket.on('close', () => far.destroy());
  }
}
