import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { unwrapKey, wrapKey } from '@lethe/sealed-payload';
import {
  KeyServiceError,
  type TransitWrapping,
  wrappingKeyBytes,
  wrappingNameOf,
} from './transit-wrapping.js';

const fileName = /^[0-9a-f]{32}\.key(?:\.new)?$/;

const codeOf = (error: unknown): string => {
  const isCoded = typeof error === 'object' && error !== null && 'code' in error;
  return isCoded && typeof error.code === 'string' ? error.code : 'unknown';
};

const mapped = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw error instanceof KeyServiceError ? error : new KeyServiceError(codeOf(error));
  }
};

const withFile = async <T>(
  path: string,
  flags: string,
  work: (file: FileHandle) => Promise<T>,
): Promise<T> => {
  const file = await open(path, flags, 0o600);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
};

const syncFolder = (folder: string): Promise<void> => withFile(folder, 'r', (handle) => handle.sync());

const readKey = async (path: string): Promise<Buffer | undefined> => {
  const key = Buffer.alloc(wrappingKeyBytes);
  try {
    const { bytesRead } = await withFile(path, 'r', (file) => file.read(key, 0, wrappingKeyBytes, 0));
    if (bytesRead !== wrappingKeyBytes) throw new KeyServiceError('short_key');
    return key;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
};

/** Overwrites before it unlinks; two replicas may meet here, and the second finds nothing to do. */
const destroyFile = async (path: string): Promise<void> => {
  try {
    await withFile(path, 'r+', async (file) => {
      await file.write(randomBytes(wrappingKeyBytes), 0, wrappingKeyBytes, 0);
      await file.sync();
    });
    await unlink(path);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
};

/**
 * Keys in files of a folder that replicas share and that no backup holds: one file a key, 0600, named after it. A key
 * is read for one use and wiped, so that no process remembers one that was destroyed.
 */
export const createFolderWrapping = (folder: string): TransitWrapping => {
  const pathOf = (name: Buffer): string => join(folder, `${name.toString('hex')}.key`);
  const use = <T>(name: Buffer, work: (key: Buffer) => T): Promise<T | undefined> =>
    mapped(async () => {
      const key = await readKey(pathOf(name));
      try {
        return key === undefined ? undefined : work(key);
      } finally {
        key?.fill(0);
      }
    });
  return {
    sole: false,
    has: async (name) => (await use(name, () => true)) === true,
    create: () =>
      mapped(async () => {
        const key = randomBytes(wrappingKeyBytes);
        const name = wrappingNameOf(key);
        try {
          await withFile(`${pathOf(name)}.new`, 'wx', async (file) => {
            await file.write(key, 0, wrappingKeyBytes, 0);
            await file.sync();
          });
        } finally {
          key.fill(0);
        }
        await rename(`${pathOf(name)}.new`, pathOf(name));
        await syncFolder(folder);
        return name;
      }),
    wrap: (name, key, binding) => use(name, (by) => wrapKey(key, by, binding)),
    unwrap: async (name, wrapped, binding) => {
      const key = await mapped(() => readKey(pathOf(name)));
      try {
        return key === undefined ? undefined : unwrapKey(wrapped, key, binding);
      } finally {
        key?.fill(0);
      }
    },
    keepOnly: (name) =>
      mapped(async () => {
        const kept = `${name.toString('hex')}.key`;
        const others = (await readdir(folder)).filter((file) => fileName.test(file) && file !== kept);
        for (const file of others) await destroyFile(join(folder, file));
        if (others.length > 0) await syncFolder(folder);
      }),
    destroy: (name) =>
      mapped(async () => {
        await destroyFile(pathOf(name));
        await syncFolder(folder);
      }),
  };
};
