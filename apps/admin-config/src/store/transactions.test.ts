import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'drizzle-orm';
import { startWorld, versionNow, type World } from '../testing/world.contract.js';
import { lockVersion, readVersion, setVersion } from './version.js';

describe('transactions', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterAll(() => world.close());

  const grow = (work: (stop: () => Promise<void>) => Promise<void>) => {
    const { database } = world.replica;
    return database.transaction(async (tx) => {
      await setVersion(tx, (await lockVersion(tx)) + 1n);
      const [row] = await tx.execute<{ pid: number }>(sql`select pg_backend_pid() as pid`);
      await work(async () => {
        await world.superuser`select pg_terminate_backend(${row?.pid ?? 0})`;
      });
      await tx.execute(sql`select 1`);
    });
  };

  it('commits what succeeded and nothing of what failed', async () => {
    const before = await versionNow(world);
    await grow(async () => {});
    expect(await versionNow(world)).toBe(before + 1n);
    await expect(
      grow(async () => {
        throw new Error('no');
      }),
    ).rejects.toMatchObject({ code: 'gateway.internal' });
    expect(await versionNow(world)).toBe(before + 1n);
  });

  it('rejects as unavailable when its connection dies while nothing is being asked, and goes on working', async () => {
    const before = await versionNow(world);
    const dying = grow(async (stop) => {
      await stop();
      await new Promise((resolve) => setTimeout(resolve, 50));
    });
    await expect(dying).rejects.toMatchObject({ code: 'gateway.unavailable' });
    expect(await versionNow(world)).toBe(before);
    await grow(async () => {});
    expect(await versionNow(world)).toBe(before + 1n);
  });

  it('rejects when a failed query was swallowed: the database did not commit', async () => {
    const before = await versionNow(world);
    const swallowed = world.replica.database.transaction(async (tx) => {
      await setVersion(tx, (await lockVersion(tx)) + 1n);
      await tx.execute(sql`select 1 / 0`).catch(() => {});
    });
    await expect(swallowed).rejects.toMatchObject({ code: 'gateway.internal' });
    expect(await versionNow(world)).toBe(before);
  });

  it('survives a restart of the server', async () => {
    const { database } = world.replica;
    const version = await versionNow(world);
    const held = grow(async () => {
      await world.postgres.kill();
      await world.postgres.restart();
    });
    await expect(held).rejects.toMatchObject({ code: 'gateway.unavailable' });
    let read: bigint | undefined;
    while (read === undefined) read = await database.read(readVersion).catch(() => undefined);
    expect(read).toBe(version);
    await grow(async () => {});
    expect(await database.read(readVersion)).toBe(version + 1n);
  });

  it('runs many at once on few connections', async () => {
    const before = await world.replica.database.read(readVersion);
    await Promise.all(Array.from({ length: 40 }, () => grow(async () => {})));
    expect(await world.replica.database.read(readVersion)).toBe(before + 40n);
  });
});
