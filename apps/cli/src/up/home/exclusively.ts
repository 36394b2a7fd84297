import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const retryMs = 10;
const triesMax = 500;

/** Binds an abstract socket: the kernel lets one process have the name, and takes it back when that one dies. */
const bind = (name: string): Promise<Server | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(`\0${name}`, () => resolve(server));
  });

/** Runs `work` while no other process on this machine runs one for the same path. Where abstract sockets do not exist it gives up waiting and runs it all the same. */
export const exclusively = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  const name = `lethe-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`;
  let server: Server | undefined;
  for (
    let tries = 0;
    server === undefined && tries < (process.platform === 'linux' ? triesMax : 1);
    tries += 1
  ) {
    server = await bind(name);
    if (server === undefined) await sleep(retryMs);
  }
  try {
    return await work();
  } finally {
    server?.close();
  }
};
