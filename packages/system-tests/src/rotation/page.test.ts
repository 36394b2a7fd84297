import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { launcher, repositoryRoot } from '../start-lethe.js';

jest.setTimeout(300_000);
const execute = promisify(execFile);

const page = await readFile(join(repositoryRoot, 'docs/runbooks/key-rotation.md'), 'utf8');
/** Of each section its blocks, without what only a container engine can do. */
const blocks = page
  .split(/^## /m)
  .flatMap((section) =>
    [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map((match, n): [string, string] => [
      `${section.split('\n')[0]} ${n + 1}`,
      (match[1] ?? '').replace(/^docker .*\n/gm, '').replaceAll('npx lethe', '"$NODE" "$LETHE"'),
    ]),
  );

describe('the page on renewing keys', () => {
  let site: string;
  const shell = (script: string) =>
    execute('sh', ['-euc', script], {
      cwd: site,
      env: { PATH: process.env.PATH, NODE: process.execPath, LETHE: launcher, LETHE_HOME: site },
    });
  const contents = async (): Promise<Record<string, string>> => {
    const root = join(site, 'deploy', 'secrets');
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((file) => join(file.parentPath, file.name));
    const read = files.map(async (path) => [path.slice(root.length + 1), await readFile(path, 'utf8')]);
    return Object.fromEntries(await Promise.all(read)) as Record<string, string>;
  };
  /** What does not fit together; whoever is not root could not give files away, which is not tried here. */
  const wrong = async (): Promise<string[]> => {
    const { stdout } = await shell('"$NODE" "$LETHE" doctor --json || true');
    const { findings } = JSON.parse(stdout) as { findings: { item: string; where: string; words: string }[] };
    return findings
      .filter(({ item }) => /^(?:secrets|certificate|setting)_/.test(item) && item !== 'secrets_owner')
      .map(({ item, where, words }) => `${item} ${where} ${words}`);
  };

  beforeAll(async () => {
    site = await mkdtemp(join(tmpdir(), 'lethe-rotation-'));
    await copyFile(join(repositoryRoot, 'docker-compose.yml'), join(site, 'docker-compose.yml'));
    await shell('"$NODE" "$LETHE" init && echo LETHE_S3_IMAGE=an-image >> .env');
    expect(await wrong()).toEqual([]);
  });
  afterAll(() => rm(site, { recursive: true, force: true }));

  it('has a block for each thing that is renewed', () => {
    expect(blocks.map(([title]) => title)).toEqual([
      'Certificates 1',
      'Certificates 2',
      'The root key of stored payloads 1',
      'The key that signs the audit log 1',
      'Credentials of services 1',
      "Passwords of the databases' roles 1",
      'Access keys of the object store 1',
      "The operator's token 1",
    ]);
  });

  it.each(blocks)(
    '%s: what it names is new, the rest is as it was, and all of it fits together',
    async (_, script) => {
      const before = await contents();
      await shell(script);
      const after = await contents();
      const named = [...script.matchAll(/deploy\/secrets\/(\S+)/g)].map((match) => match[1] ?? '');
      const changed = Object.keys(before).filter((path) => after[path] !== before[path]);
      expect(named.length).toBeGreaterThan(0);
      expect(changed.sort()).toEqual([...new Set(named)].sort());
      expect(Object.keys(after).sort()).toEqual(Object.keys(before).sort());
      expect(await wrong()).toEqual([]);
    },
  );

  it('would be noticed when it left something out', async () => {
    await rm(join(site, 'deploy/secrets/router/service-credential'));
    await shell('"$NODE" "$LETHE" init || true');
    await writeFile(join(site, 'deploy/secrets/router/service-credential'), `lethe_svc_${'x'.repeat(40)}\n`);
    expect((await wrong()).join()).toContain('callers.json');
  });
});
