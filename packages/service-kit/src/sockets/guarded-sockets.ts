import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * The sockets of one client. Each write asks `mayWrite` first, and `cut` ends them all so that unread bytes are lost:
 * a TCP connection is reset, which discards what the kernel still holds; a unix socket can only be closed.
 */
export class GuardedSockets {
  readonly #sockets = new Map<Duplex, Socket | undefined>();
  readonly #mayWrite: () => boolean;
  #cut = false;

  constructor(mayWrite: () => boolean = () => true) {
    this.#mayWrite = mayWrite;
  }

  /** Once cut, for good: a client whose sockets were cut gets no new one. */
  get isCut(): boolean {
    return this.#cut;
  }

  /** Takes a socket in and returns it; `tcp` is the connection below it (or itself), undefined for a unix socket. */
  adopt<S extends Duplex>(socket: S, tcp: Socket | undefined): S {
    this.#sockets.set(socket, tcp);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      // kafkajs listens to `error`, not to `close`: without this it may believe that it is still connected.
      if (socket.listenerCount('error') > 0) socket.emit('error', new Error('the connection ended'));
    });
    // Of a TLS socket's transport nobody else hears; what becomes of it shows on the socket above.
    for (const each of new Set<Duplex>([socket, tcp ?? socket])) each.on('error', () => undefined);
    const write = socket.write;
    const guarded = (...args: unknown[]): boolean => {
      if (!this.#cut && this.#mayWrite()) return Reflect.apply(write, socket, args) as boolean;
      this.cut();
      return false;
    };
    socket.write = guarded as typeof socket.write;
    // Later, because whoever asked for the socket has not attached its listeners yet.
    if (this.#cut) setImmediate(() => end(socket, tcp));
    return socket;
  }

  /** Ends one of them in the same way, whichever of them are left. */
  cutOne(socket: Duplex): void {
    if (!this.#sockets.has(socket)) return;
    const tcp = this.#sockets.get(socket);
    this.#sockets.delete(socket);
    end(socket, tcp);
  }

  cut(): void {
    this.#cut = true;
    const sockets = [...this.#sockets];
    this.#sockets.clear();
    for (const [socket, tcp] of sockets) end(socket, tcp);
  }
}

const end = (socket: Duplex, tcp: Socket | undefined): void => {
  // A unix socket cannot be reset, and one that is shutting down only seems to be: its handle would stay for ever.
  // An ended socket has nothing left that must not arrive.
  if (!tcp || socket.writableEnded) socket.destroy();
  // While connecting nothing was sent, and a reset would wait for the connection.
  else if (tcp.connecting) tcp.destroy();
  // A TLS socket follows by itself. Destroying it in the same tick as the reset below it crashes Node (20.20, 24.21).
  else tcp.resetAndDestroy();
};
