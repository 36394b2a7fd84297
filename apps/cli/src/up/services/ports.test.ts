import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { portsOf, type Reservation, reservePorts } from './ports.js';

const open: (Server | Reservation)[] = [];
afterEach(async () => {
  for (const held of open.splice(0)) await ('releaseAll' in held ? held.releaseAll() : held.close());
});

const listen = async (port: number): Promise<number> => {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  open.push(server);
  return (server.address() as AddressInfo).port;
};
const reserve = async (base: number): Promise<Reservation> => {
  const reservation = await reservePorts(base);
  open.push(reservation);
  return reservation;
};

describe('the ports of one Lethe', () => {
  it('are counted from the base, gRPC being REST + 1000', () => {
    expect(portsOf(4000)).toEqual({
      router: 4000,
      adminConfig: 4002,
      accounting: 4003,
      audit: 4004,
      simulatedProvider: 4010,
      routerOperator: 4100,
      adminConfigGrpc: 5002,
      accountingGrpc: 5003,
      auditGrpc: 5004,
    });
  });

  it('are held until they are released, so that no other Lethe takes them during the start', async () => {
    const { ports, release } = await reserve(0);
    await expect(listen(ports.audit)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await release('audit');
    expect(await listen(ports.audit)).toBe(ports.audit);
    await expect(listen(ports.auditGrpc)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('send whoever polls during the start away at once', async () => {
    const { ports } = await reserve(0);
    const socket = connect(ports.router, '127.0.0.1').on('error', () => undefined);
    await once(socket, 'close');
  });

  it.each(['router', 'adminConfigGrpc', 'routerOperator'] as const)(
    'a taken one (%s) is named, with the variable that moves them, and nothing stays held',
    async (name) => {
      const { ports, releaseAll } = await reserve(0);
      await releaseAll();
      await listen(ports[name]);
      await expect(reservePorts(ports.router)).rejects.toMatchObject({
        message: expect.stringContaining(`Port ${ports[name]} `),
        next: expect.stringContaining('LETHE_PORT_BASE'),
      });
      if (name !== 'router') expect(await listen(ports.router)).toBe(ports.router);
    },
  );

  it('many at once choose different ones when they may choose', async () => {
    const bases = await Promise.all(Array.from({ length: 8 }, () => reserve(0)));
    expect(new Set(bases.flatMap(({ ports }) => Object.values(ports))).size).toBe(8 * 9);
  });
});
