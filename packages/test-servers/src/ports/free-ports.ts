import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the range from which systems take the ports of outgoing connections: a port that the system itself gives to
 * `listen(0)` may be the next connection's before its owner listens on it again.
 */
const lowest = 10_000;
const highest = 31_000;
const attemptsMax = 200;

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer().listen({ port, host: '127.0.0.1', exclusive: true });
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  await new Promise((resolve) => server.close(resolve));
  return true;
};

/** The first of `count` ports of 127.0.0.1 in a row that were free a moment ago. */
export const freePortRange = async (count: number): Promise<number> => {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const base = randomInt(lowest, highest);
    const free = await Promise.all(Array.from({ length: count }, (_, n) => isFree(base + n)));
    if (free.every(Boolean)) return base;
  }
  throw new Error('no ports are free');
};

/** Different ports of 127.0.0.1 that were free a moment ago. */
export const freePorts = async (count: number): Promise<number[]> => {
  const base = await freePortRange(count);
  return Array.from({ length: count }, (_, n) => base + n);
};

/** A port of 127.0.0.1 that was free a moment ago. */
export const freePort = (): Promise<number> => freePortRange(1);
