import { connect, createServer, type Socket } from 'node:net';

/** What the proxy saw last from the client when an answer of the server passes. */
export interface Exchange {
  readonly fromClient: Buffer;
  readonly fromServer: Buffer;
}

export interface TcpProxy {
  readonly port: number;
  /** Where connections go, a port or a unix socket's path; may be set after the start, because a broker wants to know the proxy's port first. */
  target(to: number | string): void;
  /** Called for each answer; `cut` drops it and resets both sides. undefined forwards everything. */
  onAnswer(decide: ((exchange: Exchange) => 'forward' | 'cut') | undefined): void;
  /** Stops reading from clients, so that what they send stays in their own buffers and the kernel's. */
  holdClients(): void;
  releaseClients(): void;
  /** Bytes read from clients since the start. */
  bytesFromClients(): number;
  cutAll(): void;
  stop(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

const noBytes = Buffer.alloc(0);

/** A proxy on 127.0.0.1 that can lose answers, hold requests back and cut connections. */
export const startTcpProxy = async (): Promise<TcpProxy> => {
  const pairs = new Set<Pair>();
  let target: number | string = 0;
  let held = false;
  let received = 0;
  let decide: ((exchange: Exchange) => 'forward' | 'cut') | undefined;

  const cut = (pair: Pair): void => {
    pairs.delete(pair);
    pair.client.destroy();
    pair.server.destroy();
  };

  const listener = createServer((client) => {
    const pair: Pair = {
      client,
      server: typeof target === 'string' ? connect(target) : connect(target, '127.0.0.1'),
    };
    let fromClient: Buffer = noBytes;
    pairs.add(pair);
    if (held) client.pause();
    client.on('data', (bytes: Buffer) => {
      received += bytes.length;
      fromClient = bytes;
      pair.server.write(bytes);
    });
    pair.server.on('data', (fromServer: Buffer) => {
      if (decide?.({ fromClient, fromServer }) === 'cut') cut(pair);
      else client.write(fromServer);
    });
    for (const side of [client, pair.server]) {
      side.on('error', () => cut(pair));
      side.on('close', () => cut(pair));
    }
  });
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(0, '127.0.0.1', resolve);
  });
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('a listening proxy has a port');

  const setHeld = (value: boolean): void => {
    held = value;
    for (const { client } of pairs) value ? client.pause() : client.resume();
  };
  return {
    port: address.port,
    target: (to) => {
      target = to;
    },
    onAnswer: (next) => {
      decide = next;
    },
    holdClients: () => setHeld(true),
    releaseClients: () => setHeld(false),
    bytesFromClients: () => received,
    cutAll: () => {
      for (const pair of pairs) cut(pair);
    },
    stop: () => {
      for (const pair of pairs) cut(pair);
      return new Promise((resolve) => listener.close(() => resolve()));
    },
  };
};
