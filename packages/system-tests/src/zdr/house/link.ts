import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/** A TCP link on 127.0.0.1 in front of one or more equal services, as a balancer of connections; it can be made bad. */
export interface Link {
  readonly address: string;
  /** Where new connections go: the first that answers. */
  targets(ports: readonly number[]): void;
  /** Nothing passes any more, in either direction, on old and new connections; nothing is closed. */
  blackhole(): void;
  /** What was held back passes, in its order. */
  heal(): void;
  /** Each piece of bytes waits this long, in both directions. */
  delay(ms: number): void;
  /** Resets every connection there is. */
  cut(): void;
  stop(): Promise<void>;
}

const tryConnect = async (ports: readonly number[]): Promise<Socket | undefined> => {
  for (const port of ports) {
    const socket = connect(port, '127.0.0.1');
    const connected = await Promise.race([
      once(socket, 'connect').then(
        () => true,
        () => false,
      ),
      pause(1_000, false, { ref: false }),
    ]);
    if (connected) return socket;
    socket.destroy();
  }
  return undefined;
};

export const startLink = async (first: readonly number[] = []): Promise<Link> => {
  let ports = first;
  let isBlack = false;
  let delayMs = 0;
  const pairs = new Set<Pair>();
  const waiting = new Set<Socket>();

  const end = (pair: Pair): void => {
    pairs.delete(pair);
    pair.client.destroy();
    pair.server.destroy();
  };
  const forward = (from: Socket, to: Socket): void => {
    let order = Promise.resolve();
    from.on('data', (bytes: Buffer) => {
      if (delayMs === 0) {
        to.write(bytes);
        return;
      }
      const until = pause(delayMs, undefined, { ref: false });
      order = order.then(() => until).then(() => void to.write(bytes));
    });
  };
  const join = async (client: Socket): Promise<void> => {
    waiting.add(client);
    client.pause();
    client.on('error', () => client.destroy());
    const server = await tryConnect(ports);
    waiting.delete(client);
    if (server === undefined || client.destroyed) {
      client.destroy();
      server?.destroy();
      return;
    }
    const pair = { client, server };
    pairs.add(pair);
    forward(client, server);
    forward(server, client);
    for (const side of [client, server]) {
      if (isBlack) side.pause();
      else side.resume();
      side.on('error', () => end(pair));
      side.on('close', () => end(pair));
    }
  };

  const listener = createServer((client) => void join(client));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    address: `127.0.0.1:${(listener.address() as AddressInfo).port}`,
    targets: (next) => {
      ports = next;
    },
    blackhole: () => {
      isBlack = true;
      for (const { client, server } of pairs) {
        client.pause();
        server.pause();
      }
    },
    heal: () => {
      isBlack = false;
      for (const { client, server } of pairs) {
        client.resume();
        server.resume();
      }
    },
    delay: (ms) => {
      delayMs = ms;
    },
    cut: () => {
      for (const { client, server } of pairs) {
        client.resetAndDestroy();
        server.resetAndDestroy();
      }
    },
    stop: async () => {
      for (const pair of pairs) end(pair);
      for (const client of waiting) client.destroy();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
};
