import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newUuidV7 } from '@lethe/contracts';
import { checkpointOf, describeAnchors, listOf } from './anchors.contract.js';
import type { Anchors } from './anchors.js';
import { openFolderAnchors } from './folder-anchors.js';

let folder: string;
let anchors: Anchors;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-anchors-'));
  anchors = await openFolderAnchors(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('shared anchors', () => {
  let shared: string;
  beforeAll(async () => {
    shared = await mkdtemp(join(tmpdir(), 'lethe-anchors-'));
  });
  afterAll(() => rm(shared, { recursive: true, force: true }));
  describeAnchors('a folder', () => openFolderAnchors(shared));
});

describe('checkpoints in a folder', () => {
  it('has none at first, and then the largest, whatever the order they came in', async () => {
    expect(await anchors.newest()).toBeUndefined();
    for (const size of [0, 9, 10, 7, 1_000_000_000]) await anchors.keep(checkpointOf(size));
    expect(await anchors.newest()).toEqual(checkpointOf(1_000_000_000));
    expect(await readdir(join(folder, 'checkpoints'))).toContain('00000000001000000000');
  });

  it('takes the same again, and refuses another root of a size it holds', async () => {
    await anchors.keep(checkpointOf(9));
    await expect(anchors.keep(checkpointOf(9, 2))).rejects.toMatchObject({ code: 'conflict' });
    expect(await readFile(join(folder, 'checkpoints', '00000000000000000009'), 'utf8')).toBe(
      checkpointOf(9).note,
    );
  });

  it('keeps sixteen, and leaves no drafts', async () => {
    await Promise.all(Array.from({ length: 40 }, (_, i) => anchors.keep(checkpointOf(2_000_000_000 + i))));
    await anchors.keep(checkpointOf(2_000_000_040));
    const names = await readdir(join(folder, 'checkpoints'));
    expect(names.sort()).toEqual(Array.from({ length: 16 }, (_, i) => `0000000000${2_000_000_025 + i}`));
  });

  it('does not take a damaged file for a checkpoint, and ignores what is not one', async () => {
    const damaged = join(folder, 'checkpoints', '00000000003000000000');
    await writeFile(join(folder, 'checkpoints', 'README'), 'hello');
    await writeFile(damaged, checkpointOf(2_999_999_999).note);
    await expect(anchors.newest()).rejects.toMatchObject({ code: 'damaged' });
    await rm(damaged);
    expect((await anchors.newest())?.size).toBe(2_000_000_040);
  });

  it('says that it cannot be reached when the folder is gone, instead of that it is empty', async () => {
    const other = await mkdtemp(join(tmpdir(), 'lethe-anchors-'));
    const gone = await openFolderAnchors(other);
    await rm(other, { recursive: true });
    await expect(gone.newest()).rejects.toMatchObject({ code: 'unavailable' });
    await expect(gone.keep(checkpointOf(1))).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('tombstones in a folder', () => {
  it('keeps the first of each organization for ever', async () => {
    const first = { orgId: newUuidV7(), enabledAtMs: 1, eventId: newUuidV7(), shredHistory: false };
    const second = { orgId: newUuidV7(), enabledAtMs: 2, eventId: newUuidV7(), shredHistory: true };
    for (const tombstone of [first, second, { ...first, enabledAtMs: 9 }]) await anchors.bury(tombstone);
    const all = await listOf(anchors.tombstones());
    expect(all).toHaveLength(2);
    expect(all).toEqual(expect.arrayContaining([first, second]));
    expect(await readFile(join(folder, 'tombstones', first.orgId), 'utf8')).toBe(
      `{"org_id":"${first.orgId}","enabled_at_ms":1,"event_id":"${first.eventId}"}\n`,
    );
  });

  it('refuses to list what somebody damaged', async () => {
    const path = join(folder, 'tombstones', newUuidV7());
    await writeFile(path, '{"org_id":"canary"}');
    await expect(listOf(anchors.tombstones())).rejects.toMatchObject({ code: 'damaged' });
    await rm(path);
  });

  it('refuses one that names another organization than its file', async () => {
    const path = join(folder, 'tombstones', newUuidV7());
    const other = { org_id: newUuidV7(), enabled_at_ms: 1, event_id: newUuidV7() };
    await writeFile(path, JSON.stringify(other));
    await expect(listOf(anchors.tombstones())).rejects.toMatchObject({ code: 'damaged' });
    await rm(path);
  });
});

/** A file system of 64 KiB; undefined where this process may not make one. */
const mountSmall = async (): Promise<string | undefined> => {
  const at = await mkdtemp(join(tmpdir(), 'lethe-small-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', at], { stdio: 'ignore' });
    return at;
  } catch {
    process.stdout.write('NOT TESTED: a full disk under the anchors (mounting a tmpfs needs root)\n');
    return undefined;
  }
};

describe('a full disk', () => {
  it('refuses a checkpoint as a whole and takes it once there is room', async () => {
    const at = await mountSmall();
    if (at === undefined) return;
    try {
      const full = await openFolderAnchors(at);
      await full.keep(checkpointOf(1));
      await mkdir(join(at, 'other'));
      for (let i = 0; ; i += 1) {
        const filled = await writeFile(join(at, 'other', String(i)), Buffer.alloc(4096)).then(
          () => true,
          () => false,
        );
        if (!filled) break;
      }
      await expect(full.keep(checkpointOf(2))).rejects.toMatchObject({ code: 'full' });
      expect((await full.newest())?.size).toBe(1);
      await rm(join(at, 'other'), { recursive: true });
      await full.keep(checkpointOf(2));
      expect((await full.newest())?.size).toBe(2);
      expect((await readdir(join(at, 'checkpoints'))).length).toBe(2);
    } finally {
      execFileSync('umount', [at]);
      await rm(at, { recursive: true });
    }
  });
});
