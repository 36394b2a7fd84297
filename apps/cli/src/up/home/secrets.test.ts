import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { emptyHome, type Home, homeOf, prepareHome } from './home.js';
import { writePrivateFile } from './private-file.js';
import { loadSecrets, saveSecrets } from './secrets.js';

let home: Home;
beforeEach(async () => {
  home = homeOf(join(await mkdtemp(join(tmpdir(), 'lethe-home-')), 'deep', 'home'));
  await prepareHome(home);
});
afterEach(() => rm(join(home.folder, '..', '..'), { recursive: true, force: true }));

describe('secrets.json', () => {
  it('is made once, for its owner alone, and found as it was', async () => {
    const secrets = await loadSecrets(home);
    expect((await stat(home.secretsFile)).mode & 0o777).toBe(0o600);
    secrets.organizations.push({ slug: 'a', keys: { k: { id: 'i', key: 'sk-lethe-0123456789' } } });
    await saveSecrets(home, secrets);
    expect(await loadSecrets(home)).toEqual(secrets);
    expect((await readdir(home.folder)).sort()).toEqual(['anchors', 'logs', 'secrets.json']);
  });

  it('holds secrets nobody else has', async () => {
    const first = await loadSecrets(home);
    await rm(home.secretsFile);
    const second = await loadSecrets(home);
    for (const name of [
      'operatorToken',
      'postgresPassword',
      'atRestRootKey',
      'auditOrigin',
      'auditSigningSeed',
    ] as const)
      expect(first[name]).not.toBe(second[name]);
  });

  it('of an older Lethe gets what its audit log lacks, once', async () => {
    const whole = await loadSecrets(home);
    const { auditOrigin: _, auditSigningSeed: __, ...older } = whole;
    await writeFile(home.secretsFile, JSON.stringify(older));
    const grown = await loadSecrets(home);
    expect(grown).toEqual({
      ...older,
      auditOrigin: expect.stringMatching(/^lethe\.localhost\/audit-[0-9a-f]{8}$/),
      auditSigningSeed: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(await loadSecrets(home)).toEqual(grown);
    expect((await stat(home.secretsFile)).mode & 0o777).toBe(0o600);
  });

  it('is missed when the database is there that it opens', async () => {
    await mkdir(home.postgresData, { recursive: true });
    await expect(loadSecrets(home)).rejects.toMatchObject({ next: expect.stringContaining('--reset') });
  });

  it.each(['', '{}', '{"version":2}', 'canary'])(
    'is refused when it is not what was written: %j',
    async (text) => {
      await writeFile(home.secretsFile, text);
      await expect(loadSecrets(home)).rejects.toMatchObject({
        message: expect.not.stringContaining('canary'),
        next: expect.stringContaining('--reset'),
      });
    },
  );
});

describe('a private file', () => {
  it('is replaced whole, whatever mode it had', async () => {
    await writeFile(home.runFile, 'old', { mode: 0o644 });
    await writePrivateFile(home.runFile, 'new');
    expect(await readFile(home.runFile, 'utf8')).toBe('new');
    expect((await stat(home.runFile)).mode & 0o777).toBe(0o600);
  });

  it('leaves nothing behind when it cannot be written', async () => {
    await expect(writePrivateFile(join(home.logs, 'no', 'such'), 'x')).rejects.toThrow();
    await expect(writePrivateFile(home.logs, 'x')).rejects.toThrow();
    expect((await readdir(home.folder)).sort()).toEqual(['anchors', 'logs']);
  });
});

describe('the home', () => {
  it('loses on a reset what Lethe made, and nothing else', async () => {
    await loadSecrets(home);
    await writeFile(home.runFile, '{}');
    await mkdir(home.postgresData, { recursive: true });
    await writeFile(join(home.anchors, 'kept'), '');
    await writeFile(join(home.folder, 'letter.txt'), 'of somebody');
    await emptyHome(home);
    expect((await readdir(home.folder)).sort()).toEqual(['anchors', 'letter.txt', 'logs']);
    expect(await readdir(home.anchors)).toEqual([]);
  });

  it('is not a folder that cannot be written', async () => {
    await writeFile(join(home.folder, 'file'), '');
    await expect(prepareHome(homeOf(join(home.folder, 'file', 'home')))).rejects.toMatchObject({
      next: expect.stringContaining('LETHE_HOME'),
    });
  });
});
