import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';

/** Writes a file of mode 0600 whole or not at all: a reader sees the old text or the new one. */
export const writePrivateFile = async (path: string, text: string): Promise<void> => {
  const staging = `${path}.${randomBytes(6).toString('hex')}.writing`;
  try {
    const file = await open(staging, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(staging, path);
  } catch (error) {
    await rm(staging, { force: true });
    throw error;
  }
};
