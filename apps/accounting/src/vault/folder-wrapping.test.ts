import { randomBytes } from 'node:crypto';
import { link, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { newUuidV7 } from '@lethe/contracts';
import { createFolderWrapping } from './folder-wrapping.js';
import { createLaunchedWrapping } from './launched-wrapping.js';
import { transitWrap } from './make-keys.js';
import { KeyServiceError, type TransitWrapping, wrappingNameOf } from './transit-wrapping.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-keys-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
const binding = transitWrap(newUuidV7(), newUuidV7());
const plain = randomBytes(32);
const pathOf = (name: Buffer) => join(folder, `${name.toString('hex')}.key`);

describe.each<[string, () => TransitWrapping]>([
  ['launched', () => createLaunchedWrapping(randomBytes(32))],
  ['folder', () => createFolderWrapping(folder)],
])('the key service %s', (_kind, make) => {
  it('opens what it closed, by the key it closed it with', async () => {
    const service = make();
    const [a, b] = [await service.create(), await service.create()];
    const wrapped = await service.wrap(a, plain, binding);
    expect(a.equals(b)).toBe(false);
    expect(await service.unwrap(a, wrapped as Buffer, binding)).toEqual(plain);
    await expect(service.unwrap(b, wrapped as Buffer, binding)).rejects.toThrow();
  });

  it('has no key that was destroyed, and knows it', async () => {
    const service = make();
    const [a, b, c] = [await service.create(), await service.create(), await service.create()];
    const wrapped = (await service.wrap(a, plain, binding)) as Buffer;
    await service.destroy(a);
    await service.destroy(a);
    expect([await service.has(a), await service.has(b)]).toEqual([false, true]);
    expect(await service.unwrap(a, wrapped, binding)).toBeUndefined();
    expect(await service.wrap(a, plain, binding)).toBeUndefined();
    await service.keepOnly(b);
    expect([await service.has(b), await service.has(c)]).toEqual([true, false]);
  });
});

describe('the launched key service', () => {
  it('uses the key it was handed over first, and each later one is its own', async () => {
    const handedOver = randomBytes(32);
    const service = createLaunchedWrapping(handedOver);
    expect(await service.create()).toEqual(wrappingNameOf(handedOver));
    expect(await service.create()).not.toEqual(wrappingNameOf(handedOver));
  });
});

describe('the folder key service', () => {
  it('keeps one file a key, for its owner only, and leaves nothing half-made', async () => {
    const service = createFolderWrapping(folder);
    const name = await service.create();
    expect(await readdir(folder)).toEqual([`${name.toString('hex')}.key`]);
    expect((await stat(pathOf(name))).mode & 0o777).toBe(0o600);
    expect(wrappingNameOf(await readFile(pathOf(name)))).toEqual(name);
  });

  it('is shared: what one process makes another uses, and what one destroys is gone for both', async () => {
    const [one, two] = [createFolderWrapping(folder), createFolderWrapping(folder)];
    const name = await one.create();
    const wrapped = (await one.wrap(name, plain, binding)) as Buffer;
    expect(await two.unwrap(name, wrapped, binding)).toEqual(plain);
    await one.destroy(name);
    expect(await two.unwrap(name, wrapped, binding)).toBeUndefined();
  });

  it('overwrites a key before it unlinks it', async () => {
    const service = createFolderWrapping(folder);
    const name = await service.create();
    const key = await readFile(pathOf(name));
    // A second link to the file shows what becomes of its bytes.
    await link(pathOf(name), join(folder, 'seen'));
    expect((await readFile(join(folder, 'seen'))).equals(key)).toBe(true);
    await service.destroy(name);
    expect((await readFile(join(folder, 'seen'))).equals(key)).toBe(false);
    expect((await stat(join(folder, 'seen'))).nlink).toBe(1);
  });

  it('removes what a crash left half-made, and no file of somebody else', async () => {
    const service = createFolderWrapping(folder);
    const name = await service.create();
    await writeFile(`${join(folder, 'ab'.repeat(16))}.key.new`, randomBytes(32));
    await writeFile(join(folder, 'README'), 'of the operator');
    await service.keepOnly(name);
    expect((await readdir(folder)).sort()).toEqual([`${name.toString('hex')}.key`, 'README'].sort());
  });

  it('says that it failed, and nothing else, when the folder is away or a key is short', async () => {
    const service = createFolderWrapping(join(folder, 'nowhere'));
    for (const work of [() => service.create(), () => service.keepOnly(Buffer.alloc(16))])
      await expect(work()).rejects.toEqual(new KeyServiceError('ENOENT'));
    const here = createFolderWrapping(folder);
    const name = await here.create();
    await truncate(pathOf(name), 31);
    await expect(here.wrap(name, plain, binding)).rejects.toMatchObject({ code: 'short_key' });
  });
});
