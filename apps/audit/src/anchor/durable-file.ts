import { randomUUID } from 'node:crypto';
import { link, open, unlink } from 'node:fs/promises';
import { join } from 'node:path';

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

export const isCode = (error: unknown, ...codes: string[]): boolean => codes.includes(String(codeOf(error)));

/** Makes what was done in a folder survive a power cut. */
const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};

const writeSynced = async (path: string, text: string): Promise<void> => {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/**
 * Makes a file whole and durably, or not at all; never over one that is there. Resolves to whether it made it. Rejects
 * with the system's error.
 */
export const writeOnce = async (folder: string, name: string, text: string): Promise<boolean> => {
  const draft = join(folder, `.draft-${randomUUID()}`);
  try {
    await writeSynced(draft, text);
    await link(draft, join(folder, name));
    await unlink(draft);
    await syncFolder(folder);
    return true;
  } catch (error) {
    await unlink(draft).catch(() => {});
    if (!isCode(error, 'EEXIST')) throw error;
    // Who made it may not have got to syncing the folder yet, and this caller will rely on the file.
    await syncFolder(folder);
    return false;
  }
};
