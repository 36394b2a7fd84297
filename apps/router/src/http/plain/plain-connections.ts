import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { CoarseTimer } from '@lethe/service-kit';
import { PlainConnection, type PlainHandler } from './plain-connection.js';

export interface PlainOptions {
  readonly posts: ReadonlyMap<string, PlainHandler>;
  readonly secure: boolean;
  readonly headBytesMax: number;
  readonly headMsMax: number;
  readonly onTraffic: () => void;
  readonly tooLate: (socket: Socket) => void;
}

export interface PlainConnections {
  closeIdle(): void;
  closeAll(): void;
}

/**
 * Takes the connections of a server before Node's parser does, and gives them to it as soon as they carry anything but
 * plain requests. Called before anybody else listens.
 */
export const takePlainConnections = (server: Server, options: PlainOptions): PlainConnections => {
  const open = new Set<PlainConnection>();
  const event = options.secure ? 'secureConnection' : 'connection';
  const ofNode = server.listeners(event) as ((this: Server, socket: Socket) => void)[];
  const setting = {
    ...options,
    keepIdleMsMax: server.keepAliveTimeout,
    timer: new CoarseTimer(),
    toNode: (socket: Socket, begun: Buffer) => {
      for (const take of ofNode) take.call(server, socket);
      // Its parser makes copies of what it keeps.
      socket.emit('data', begun);
    },
    gone: (connection: PlainConnection) => open.delete(connection),
  };
  server.removeAllListeners(event);
  server.on(event, (socket: Socket) => {
    open.add(new PlainConnection(socket, setting));
  });
  return {
    closeIdle: () => {
      for (const { isIdle, socket } of open) if (isIdle) socket.destroy();
    },
    closeAll: () => {
      for (const { socket } of open) socket.destroy();
    },
  };
};
