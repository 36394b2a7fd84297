import { chmod, chown, cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { runCli } from '../cli.js';
import { certificateDays } from '../init/authority.js';
import { examineSecrets } from './secrets.js';

jest.setTimeout(120_000);

let root: string;
let site: string;
let copies = 0;
const spies: { mockRestore(): void }[] = [];
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lethe-doctor-'));
  for (const stream of [process.stdout, process.stderr])
    spies.push(jest.spyOn(stream, 'write').mockReturnValue(true));
  const made = join(root, 'made');
  expect(await runCli(['init', '--dir', join(made, 's'), '--env', join(made, 'env')])).toBe(0);
});
afterAll(async () => {
  for (const spy of spies) spy.mockRestore();
  await rm(root, { recursive: true, force: true });
});
afterEach(() => rm(site, { recursive: true, force: true }));

const dayMs = 86_400_000;
const copy = async (): Promise<void> => {
  copies += 1;
  site = join(root, `copy-${copies}`);
  await cp(join(root, 'made'), site, { recursive: true, preserveTimestamps: true });
  // A copy belongs to whoever copies.
  for (const name of ['router', 'audit', 'accounting', 'tools', 'migrate', 'kafka', 'postgres'])
    if (process.getuid?.() === 0) {
      const { uid } = await stat(join(root, 'made', 's', name));
      await chown(join(site, 's', name), uid, uid);
    }
};
const secret = (path: string): string => join(site, 's', path);
/** Whoever is not root cannot give folders to the containers' users, and is told so: not what is tried here. */
const found = async (nowMs = Date.now()) => {
  const { findings } = await examineSecrets({
    folder: join(site, 's'),
    environmentFile: join(site, 'env'),
    nowMs,
  });
  return findings.filter(({ item, where }) => item !== 'secrets_owner' || where === secret('audit'));
};
const items = async (nowMs?: number): Promise<string[]> =>
  (await found(nowMs)).map(({ item, where }) => `${item} ${where.slice(site.length + 1)}`);

const asRoot = process.getuid?.() === 0;
const sound = asRoot ? [] : ['secrets_owner s/audit'];

describe('the doctor of secrets', () => {
  it('finds nothing in what "lethe init" made, and writes nothing', async () => {
    await copy();
    expect(await items()).toEqual(sound);
    await rm(secret('tools/ca.crt'));
    expect(await items()).toEqual(['secrets_missing s/tools/ca.crt', ...sound]);
    await expect(stat(secret('tools/ca.crt'))).rejects.toThrow();
  });

  it('names files and folders that others may read', async () => {
    await copy();
    await chmod(secret('accounting/at-rest-root-key'), 0o640);
    await chmod(secret('audit'), 0o755);
    expect(await items()).toEqual([
      'secrets_open s/audit',
      ...sound,
      'secrets_open s/accounting/at-rest-root-key',
    ]);
  });

  it('names a folder that its container does not own', async () => {
    await copy();
    if (asRoot) await chown(secret('audit'), 4_242, 4_242);
    const [finding] = await found();
    expect(finding).toMatchObject({ item: 'secrets_owner', words: expect.stringContaining('runs as 10001') });
  });

  it('names a key that is not that of its certificate, and a hash that is not that of its credential', async () => {
    await copy();
    await cp(secret('audit/service.key'), secret('router/service.key'));
    await writeFile(secret('router/service-credential'), `lethe_svc_${'c'.repeat(40)}`);
    const words = (await found()).map((finding) => finding.words).join('\n');
    expect(words).toContain('router/service.crt does not belong to the key beside it');
    expect(words).toContain('admin-config/callers.json contradicts');
    expect(words).not.toContain('ccccc');
  });

  it('names what the file of variables contradicts', async () => {
    await copy();
    const text = await readFile(join(site, 'env'), 'utf8');
    await writeFile(join(site, 'env'), text.replace(/SHA256=./, 'SHA256=x'));
    expect((await found()).map((finding) => finding.words).join()).toContain('LETHE_OPERATOR_TOKEN_SHA256');
  });

  it('names certificates that end soon, with the days that are left', async () => {
    await copy();
    const first = (await found(Date.now() + 10_000 * dayMs)).filter(
      ({ item }) => item === 'certificate_ends_soon',
    );
    expect(first.length).toBeGreaterThan(12);
    expect(first[0]?.words).toBe('has ended');
    const lateMs = Date.now() + (certificateDays - 10) * dayMs;
    expect(await found(lateMs - 10 * dayMs)).toHaveLength(sound.length);
    const soon = await found(lateMs);
    expect(soon.map(({ words }) => words).join()).toMatch(/ends in (?:9|10) days/);
  });

  it('says that there is nothing to look at', async () => {
    site = join(root, 'nowhere');
    const examined = await examineSecrets({ folder: site, environmentFile: join(site, 'env'), nowMs: 0 });
    expect(examined).toMatchObject({
      looked: undefined,
      findings: [],
      unseen: [expect.stringContaining('--dir')],
    });
  });
});
