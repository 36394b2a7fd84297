import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { errorCode } from '../../terminal/error-code.js';
import { Problem } from '../../terminal/problem.js';

/** Every port of one Lethe, counted from its base. gRPC is REST + 1000. */
const offsets = {
  router: 0,
  adminConfig: 2,
  accounting: 3,
  audit: 4,
  simulatedProvider: 10,
  routerOperator: 100,
  adminConfigGrpc: 1002,
  accountingGrpc: 1003,
  auditGrpc: 1004,
} as const;

type PortName = keyof typeof offsets;
export type Ports = Readonly<Record<PortName, number>>;

const portNames = Object.keys(offsets) as PortName[];
export const basePortMax = 65_535 - Math.max(...Object.values(offsets));
/** Free ones are looked for below the range from which systems take the ports of outgoing connections. */
const free = { lowest: 10_000, highest: 31_000, attempts: 200 } as const;

export const portsOf = (base: number): Ports => {
  const ports = {} as Record<PortName, number>;
  for (const name of portNames) ports[name] = base + offsets[name];
  return ports;
};

/** Ports that are ours until they are given to the service that listens on them. */
export interface Reservation {
  readonly ports: Ports;
  release(...names: readonly PortName[]): Promise<void>;
  releaseAll(): Promise<void>;
}

class PortTaken extends Error {
  constructor(
    readonly port: number,
    readonly code: string,
  ) {
    super('a port cannot be had');
  }
}

const hold = async (port: number): Promise<Server> => {
  // Whoever polls during the start is sent away at once and never waits.
  const server = createServer((socket) => socket.destroy());
  server.listen({ port, host: '127.0.0.1', exclusive: true });
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new PortTaken(port, errorCode(error));
  }
  return server.unref();
};

const closed = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

const reserve = async (base: number): Promise<Reservation> => {
  const ports = portsOf(base);
  const held = new Map<PortName, Server>();
  const release = async (...names: readonly PortName[]): Promise<void> => {
    for (const name of names) {
      const server = held.get(name);
      held.delete(name);
      if (server !== undefined) await closed(server);
    }
  };
  try {
    for (const name of portNames) held.set(name, await hold(ports[name]));
  } catch (error) {
    await release(...portNames);
    throw error;
  }
  return { ports, release, releaseAll: () => release(...portNames) };
};

const problemOf = ({ port, code }: PortTaken): Problem => {
  const advice =
    'set LETHE_PORT_BASE to move all ports, for example LETHE_PORT_BASE=14000 (0 picks free ones)';
  return code === 'EADDRINUSE'
    ? new Problem(`Port ${port} on 127.0.0.1 is taken.`, `Stop what listens there, or ${advice}.`)
    : new Problem(`Port ${port} on 127.0.0.1 cannot be used (${code}).`, `To go on, ${advice}.`);
};

/** Takes all ports from a base, or from a free base when it is 0. Throws Problem naming a port that is taken. */
export const reservePorts = async (base: number): Promise<Reservation> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await reserve(base === 0 ? randomInt(free.lowest, free.highest) : base);
    } catch (error) {
      if (!(error instanceof PortTaken)) throw error;
      if (base !== 0 || attempt >= free.attempts) throw problemOf(error);
    }
  }
};
