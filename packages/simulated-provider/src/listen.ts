import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Longer than any client's pool keeps an idle connection, so that it is never we who close one under a request. */
const KEEP_ALIVE_MS = 75_000;
const CONNECTIONS_MAX = 4_096;

export interface Listening {
  /** `http://<host>:<port>`, without a trailing slash. */
  readonly url: string;
  readonly port: number;
  /** Stops listening and drops every connection, also those in use. */
  close(): Promise<void>;
}

/** Binds a server (default 127.0.0.1 and a free port). Rejects with the system's error when it cannot. */
export async function listen(
  server: Server,
  { host = '127.0.0.1', port = 0 }: { readonly host?: string; readonly port?: number },
): Promise<Listening> {
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.maxConnections = CONNECTIONS_MAX;
  server.listen(port, host);
  await once(server, 'listening');
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
