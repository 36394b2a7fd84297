import { jest } from '@jest/globals';
import { startTcpProxy, startTestPostgres } from '@lethe/test-servers';
import type { ObjectStoreHarness } from '../contract/context.contract.js';
import { describeObjectStore } from '../contract/object-store.contract.js';
import { openObjectReader, openObjectWriter } from '../index.js';
import { prepareDatabase } from './prepare-database.contract.js';

jest.setTimeout(180_000);

const make = async (): Promise<ObjectStoreHarness> => {
  const server = await startTestPostgres();
  const { passwords } = await prepareDatabase(server);
  const proxy = await startTcpProxy();
  const { host, port } = server.connection({ user: 'x', password: 'x', database: 'x' });
  proxy.target(`${host}/.s.PGSQL.${port}`);
  const config = (user: string, password: string, database = 'object_store') => ({
    kind: 'postgres' as const,
    url: `postgres://${user}:${password}@127.0.0.1:${proxy.port}/${database}`,
  });
  const router = config('lethe_router_objects', passwords.lethe_router_objects);
  const accounting = config('lethe_accounting_objects', passwords.lethe_accounting_objects);
  return {
    writer: (options) => openObjectWriter(router, options),
    reader: () => openObjectReader(accounting),
    readerOfWriter: () => openObjectReader(router),
    writerOfReader: () => openObjectWriter(accounting),
    stranger: () => openObjectWriter(config('lethe_router_objects', 'wrong')),
    unprepared: () =>
      openObjectWriter(config('lethe_router_objects', passwords.lethe_router_objects, 'postgres')),
    secrets: Object.values(passwords),
    wire: {
      hold: () => proxy.holdClients(),
      release: () => proxy.releaseClients(),
      bytesFromClients: () => proxy.bytesFromClients(),
    },
    // A signal would stop the process that accepts connections, and not those that serve them.
    freeze: () => proxy.holdClients(),
    thaw: () => proxy.releaseClients(),
    kill: () => server.kill(),
    restart: () => server.restart(),
    stop: async () => {
      await proxy.stop();
      await server.stop();
    },
  };
};

describeObjectStore({ name: 'Postgres', make });
