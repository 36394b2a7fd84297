import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { http } from '../../support/http.js';
import { waitFor } from '../../wait-for.js';
import { readHistory } from '../chaos/read-history.js';
import { type Acknowledged, complaintsAbout } from '../checker/complaints.js';
import { fetchCheckpoint } from '../checker/read-log.js';
import { type AppendClient, connectAppend } from '../world/append-client.js';
import { type AuditWorld, startAuditWorld } from '../world/audit-world.js';
import { unavailable } from '../world/debian-tools.js';
import type { Replica } from '../world/replica.js';
import { sampleEvent } from '../world/sample-events.js';
import { appendAll } from './append-all.js';

const mountSmall = (folder: string): boolean => {
  const { status: code } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', folder], {
    stdio: 'ignore',
  });
  return code === 0;
};

describe('anchors on a full disk', () => {
  let world: AuditWorld;
  let folder: string;
  let mounted = false;
  let replica: Replica;
  let client: AppendClient;
  let acknowledged: Acknowledged[] = [];
  const events = (count: number) =>
    Array.from({ length: count }, (_, n) => sampleEvent(world.identities.orgIds[n % 2]));

  beforeAll(async () => {
    world = await startAuditWorld();
    folder = await mkdtemp(join(tmpdir(), 'lethe-small-disk-'));
    mounted = mountSmall(folder);
    if (!mounted) return;
    replica = await world.start({ anchorsFolder: join(folder, 'anchors') });
    client = connectAppend(replica.grpc, world.callerCredential);
  }, 60_000);
  afterAll(async () => {
    client?.close();
    await world?.stop();
    if (mounted) spawnSync('umount', [folder], { stdio: 'ignore' });
    await rm(folder, { recursive: true, force: true });
  });

  it('release nothing, and go on where they stopped when there is room again', async () => {
    if (!mounted) return unavailable('small disk', 'mounting a tmpfs needs root', false);
    acknowledged = await appendAll(client, events(3));
    const shown = await fetchCheckpoint(replica.rest);
    await writeFile(join(folder, 'filler'), Buffer.alloc(1_048_576)).catch(() => undefined);
    const waiting = events(5);
    for (const { request } of waiting)
      expect(await client.refusalOf(request)).toMatchObject({ code: status.UNAVAILABLE });
    // Whoever still gets an answer gets the checkpoint from before.
    const now = await http(`${replica.rest}/checkpoint`);
    expect([shown, undefined]).toContain(now.status === 200 ? now.body.toString() : undefined);
    const published = await world.topics.records('lethe.audit.checkpoints.v1');
    expect(published.every(({ value }) => value.toString() <= shown || value.toString() === shown)).toBe(
      true,
    );
    expect((await http(`${replica.rest}/readyz`)).status).toBe(503);

    await rm(join(folder, 'filler'));
    await waitFor(
      async () => (await client.refusalOf((waiting[0] as (typeof waiting)[0]).request)) === undefined,
      20_000,
      100,
    );
    acknowledged = [...acknowledged, ...(await appendAll(client, [...waiting, ...events(3)]))];
    const indexes = acknowledged.map(({ index }) => index).sort((a, b) => a - b);
    expect(indexes).toEqual(Array.from({ length: 11 }, (_, at) => at));
    await waitFor(async () => (await http(`${replica.rest}/readyz`)).status === 200, 10_000, 100);
    expect(complaintsAbout(await readHistory(world, replica, acknowledged))).toEqual([]);
  }, 90_000);
});
