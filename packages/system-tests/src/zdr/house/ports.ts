import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

// Below the range from which systems take the ports of outgoing connections.
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

/** A port from which on so many are free. */
export const freePorts = async (count: number): Promise<number> => {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    const base = randomInt(lowest, highest);
    const free = await Promise.all(Array.from({ length: count }, (_, n) => isFree(base + n)));
    if (free.every(Boolean)) return base;
  }
  throw new Error('no ports are free');
};
