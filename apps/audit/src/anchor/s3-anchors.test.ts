import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { newUuidV7 } from '@lethe/contracts';
import type { S3StoreConfig } from '@lethe/object-store';
import { type S3Server, s3Availability, startS3 } from '@lethe/test-servers';
import { checkpointOf, describeAnchors, listOf } from './anchors.contract.js';
import type { Anchors, Tombstone } from './anchors.js';
import { openAnchors } from './open-anchors.js';

jest.setTimeout(240_000);

/** What the audit service is given: it can add, and look at every version. */
const actions = [
  's3:PutObject',
  's3:GetObject',
  's3:GetObjectVersion',
  's3:ListBucket',
  's3:ListBucketVersions',
  's3:GetBucketObjectLockConfiguration',
];
// Skipped only where Go is missing, which s3Availability says loudly and refuses in CI.
const withS3 = (await s3Availability()) ? describe.skip : describe;

withS3('with a real S3 server', () => {
  let server: S3Server;
  const configOf = async (bucket: string): Promise<S3StoreConfig> => ({
    kind: 's3',
    endpoint: server.endpoint,
    region: server.region,
    bucket,
    tls: { ca: server.ca },
    ...(await server.credentials(bucket, actions)),
  });
  const made = async (bucket: string, lockedDays = 1): Promise<Anchors> => {
    await server.makeBucket(bucket, { lockedDays });
    return openAnchors(await configOf(bucket));
  };

  beforeAll(async () => {
    const started = await startS3();
    if ('unavailable' in started) throw new Error(started.unavailable);
    server = started;
    await server.makeBucket('contract', { lockedDays: 1 });
  });
  afterAll(() => server?.stop());

  describeAnchors('a locked bucket', async () => openAnchors(await configOf('contract')));

  it('believe the first version of each, whatever was put over it or hides it', async () => {
    const anchors = await made('rewritten');
    const buried: Tombstone = {
      orgId: newUuidV7(),
      enabledAtMs: 1,
      eventId: newUuidV7(),
      shredHistory: true,
    };
    await anchors.keep(checkpointOf(100));
    await anchors.bury(buried);
    const newest = `checkpoints/${Number.MAX_SAFE_INTEGER - 100}`;
    const tombstone = `tombstones/${buried.orgId}`;
    // With all rights, and without asking whether there is one.
    for (let i = 0; i < 12; i += 1) {
      await server.root.putObject('rewritten', newest, checkpointOf(100, 2).note);
      await server.root.putObject('rewritten', tombstone, '{}');
    }
    await server.root.removeObject('rewritten', newest);
    await server.root.removeObject('rewritten', tombstone);
    // The control: whoever looks in the ordinary way is deceived.
    await expect(server.root.statObject('rewritten', tombstone)).rejects.toThrow();
    const later = await openAnchors(await configOf('rewritten'));
    expect(await later.newest()).toEqual(checkpointOf(100));
    expect(await listOf(later.tombstones())).toEqual([buried]);
    await expect(later.keep(checkpointOf(100, 2))).resolves.toBeUndefined();
    expect(await later.newest()).toEqual(checkpointOf(100));
  });

  it('cannot be used in a bucket that locks nothing', async () => {
    await server.makeBucket('open');
    await server.makeBucket('bypassed', { lockedDays: 1 });
    await server.root.setObjectLockConfig('bypassed', { mode: 'GOVERNANCE', unit: 'Days', validity: 1 });
    for (const bucket of ['open', 'bypassed']) {
      const anchors = await openAnchors(await configOf(bucket));
      for (const call of [anchors.newest(), anchors.keep(checkpointOf(1)), listOf(anchors.tombstones())])
        await expect(call).rejects.toMatchObject({ name: 'AnchorError' });
    }
    const governed = await openAnchors(await configOf('bypassed'));
    await expect(governed.newest()).rejects.toMatchObject({ code: 'unlocked' });
  });

  it('refuse what is damaged', async () => {
    const anchors = await made('damaged');
    const org = newUuidV7();
    const wrongOrg = { org_id: newUuidV7(), enabled_at_ms: 1, event_id: newUuidV7() };
    await server.root.putObject('damaged', `tombstones/${org}`, JSON.stringify(wrongOrg));
    await expect(listOf(anchors.tombstones())).rejects.toMatchObject({ code: 'damaged' });
    await anchors.keep(checkpointOf(5));
    expect((await anchors.newest())?.size).toBe(5);
    await server.root.putObject(
      'damaged',
      `checkpoints/${Number.MAX_SAFE_INTEGER - 6}`,
      checkpointOf(7).note,
    );
    await expect(anchors.newest()).rejects.toMatchObject({ code: 'damaged' });
  });

  it('say that they cannot be reached, instead of that they are empty, and come back', async () => {
    const anchors = await made('away');
    await anchors.keep(checkpointOf(3));
    await server.kill();
    await expect(anchors.newest()).rejects.toMatchObject({ code: 'unavailable' });
    await expect(anchors.keep(checkpointOf(4))).rejects.toMatchObject({ code: 'unavailable' });
    await expect(listOf(anchors.tombstones())).rejects.toMatchObject({ code: 'unavailable' });
    await server.restart();
    await anchors.keep(checkpointOf(4));
    expect((await anchors.newest())?.size).toBe(4);
  });
});
