import type { IncomingMessage, Server, ServerResponse } from 'node:http';

const wipe = (chunk: Buffer): void => {
  chunk.fill(0);
};

/**
 * Calls `onTraffic` when bytes of callers may have been read since it was called last, and overwrites the rest of a
 * body that nobody read: Node takes it in after the answer, and drops it as it is.
 */
export const watchTraffic = (server: Server, onTraffic: () => void): void => {
  server.on('connection', (socket) => socket.once('close', onTraffic));
  server.on('request', (incoming: IncomingMessage, res: ServerResponse) => {
    onTraffic();
    // An answer that is not finished ends with its connection.
    res.on('finish', () => {
      onTraffic();
      if (!incoming.complete || !incoming.readableEnded) incoming.on('data', wipe);
    });
  });
};
