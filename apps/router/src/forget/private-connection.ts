import { randomBytes } from 'node:crypto';
import { createServer, type ListenOptions, type Socket } from 'node:net';

type Address = { readonly path: string } | { readonly host: string; readonly port: number };

interface Opening {
  /** Called for each connection that comes in; `prove` says that it is the one of this process. */
  readonly accept: (socket: Socket, prove: () => void) => void;
  /** Makes the client's end. */
  readonly connectTo: (address: Address) => Socket;
  readonly timeoutMs: number;
}

const host = '127.0.0.1';

/**
 * Linux has names for sockets that are no files: the router may write none. `exclusive`: a worker of a cluster would
 * otherwise ask its primary for the handle.
 */
const listenOptions = (): ListenOptions =>
  process.platform === 'linux'
    ? { path: `\0lethe-${randomBytes(16).toString('hex')}`, exclusive: true }
    : { host, port: 0, exclusive: true };

/**
 * Opens a connection of this process to itself. Others on the machine can reach the listener while it is there, so
 * `accept` must ask each connection for a proof; once one gave it, the listener and all others are gone. Resolves to
 * the client's end; rejects with an Error after `timeoutMs`, or when the system refuses.
 */
export const openPrivateConnection = ({ accept, connectTo, timeoutMs }: Opening): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const unproven = new Set<Socket>();
    const listener = createServer();
    let client: Socket | undefined;
    const endListening = (): void => {
      clearTimeout(timeout);
      listener.close();
      for (const socket of unproven) socket.destroy();
      client?.off('close', fail);
    };
    const fail = (): void => {
      endListening();
      client?.destroy();
      reject(new Error('no private connection'));
    };
    const timeout = setTimeout(fail, timeoutMs).unref();
    listener.on('connection', (socket) => {
      unproven.add(socket);
      socket.on('error', () => undefined);
      socket.unref();
      accept(socket, () => {
        if (!unproven.delete(socket)) return;
        endListening();
        resolve(client as Socket);
      });
    });
    listener.once('error', fail);
    const options = listenOptions();
    listener.listen(options, () => {
      const address = listener.address();
      const isTcp = typeof address === 'object' && address !== null;
      client = connectTo(isTcp ? { host, port: address.port } : { path: options.path as string });
      client.on('error', () => undefined);
      client.once('close', fail);
      client.unref();
    });
    listener.unref();
  });
