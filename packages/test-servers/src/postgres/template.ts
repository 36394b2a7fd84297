import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startPostgres } from '@lethe/postgres-server';

/** Tests throw their clusters away: nothing is synced to disk, and no shared memory outlives a killed server. */
export const testSettings: Readonly<Record<string, string>> = {
  fsync: 'off',
  full_page_writes: 'off',
  // A kill -9 must lose nothing that was acknowledged, also here.
  synchronous_commit: 'on',
  dynamic_shared_memory_type: 'mmap',
};

/** Raise when the way a cluster is made changes: a template is never updated. */
const TEMPLATE_VERSION = 'postgres-17-template-1';

/** A fresh random password: hexadecimal, so that it needs no quoting anywhere. */
export function randomPassword(): string {
  return randomBytes(24).toString('hex');
}

function cacheFolder(): string {
  return join(
    fileURLToPath(new URL('../../../../.cache', import.meta.url)),
    `uid-${process.getuid?.() ?? 0}`,
  );
}

/**
 * Fills `dataDir` with a new cluster and returns its superuser's password. Copies one that was made before (a tenth of
 * a second) when the repository's cache folder can be written, and leaves the making to startPostgres otherwise.
 */
export async function fillDataDir(dataDir: string): Promise<string> {
  const template = await templateFolder().catch(() => undefined);
  if (template === undefined) return randomPassword();
  await cp(join(template, 'data'), dataDir, { recursive: true });
  return readFile(join(template, 'password'), 'utf8');
}

async function templateFolder(): Promise<string> {
  const cache = cacheFolder();
  const template = join(cache, TEMPLATE_VERSION);
  if (existsSync(template)) return template;
  await mkdir(cache, { recursive: true, mode: 0o700 });
  const staging = await mkdtemp(join(cache, 'postgres-staging-'));
  try {
    const password = randomPassword();
    const server = await startPostgres({
      dataDir: join(staging, 'data'),
      superuserPassword: password,
      extraSettings: testSettings,
    });
    await server.stop();
    await writeFile(join(staging, 'password'), password, { mode: 0o600 });
    // Two workers may get here at once: the second rename finds a folder that is not empty, and uses it.
    await rename(staging, template);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    if (!existsSync(template)) throw error;
  }
  return template;
}
