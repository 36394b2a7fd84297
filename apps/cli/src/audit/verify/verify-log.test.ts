import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { lethe } from '../testing/run-command.contract.js';
import { entryAt, key, LogServer, otherSigner, SmallLog, smallLog } from '../testing/small-log.contract.js';

const size = 600;
const log = smallLog(size);
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lethe-verify-'));
  await log.writeTo(join(root, 'good'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

let copies = 0;
/** A copy of the good log that the test may spoil. */
const copy = async (): Promise<string> => {
  copies += 1;
  const folder = join(root, `copy-${copies}`);
  await cp(join(root, 'good'), folder, { recursive: true });
  return folder;
};
const verifyDir = (dir: string, ...more: string[]) =>
  lethe(['audit', 'verify', '--dir', dir, '--key', key, ...more]);

describe('lethe audit verify --dir', () => {
  it('holds: every event, and what the log has to say', async () => {
    const { code, out, err } = await verifyDir(join(root, 'good'));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`All ${size} events are in the log as they were signed.`);
    expect(out).toContain('organizations that enabled it: 1');
    expect(out).toContain('--since-checkpoint');
  });

  const paths = [...log.tiles().keys()];
  it.each(paths)('one changed byte of %s is noticed', async (path) => {
    const folder = await copy();
    const bytes = await readFile(join(folder, path));
    for (const at of [0, Math.floor(bytes.length / 2), bytes.length - 1]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await writeFile(join(folder, path), changed);
      const { code, out } = await verifyDir(folder);
      expect({ at, code }).toEqual({ at, code: 1 });
      expect(out).toContain('IT DOES NOT HOLD. The log is not whole.');
    }
  });

  it.each(paths)('%s missing or cut off is noticed', async (path) => {
    const folder = await copy();
    const bytes = await readFile(join(folder, path));
    await writeFile(join(folder, path), bytes.subarray(0, -1));
    expect((await verifyDir(folder)).code).toBe(1);
    await rm(join(folder, path));
    const { code, out } = await verifyDir(folder);
    expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining('is missing') });
  });

  it.each([
    [
      'its size',
      (note: string) => note.replace('\n600\n', '\n599\n'),
      /signature of the checkpoint is wrong/,
    ],
    [
      'its name',
      (note: string) => note.replace('log.test/audit\n', 'log.test/other\n'),
      /signature of the checkpoint/,
    ],
    ['its signer', () => new SmallLog(log.entries, [otherSigner]).note(), /not signed with the pinned key/],
    ['all of it', () => 'canary', /not a signed note/],
  ])('a checkpoint with %s changed is noticed', async (_, change, words) => {
    const folder = await copy();
    await writeFile(join(folder, 'checkpoint'), change(log.note()));
    const { code, out } = await verifyDir(folder);
    expect(code).toBe(1);
    expect(out).toMatch(words);
    expect(out).not.toContain('canary');
  });

  it('a rewritten history that the log itself signed is noticed by who kept a checkpoint, and by nobody else', async () => {
    const rewritten = new SmallLog(log.entries.map((entry, at) => (at === 7 ? entryAt(at) : entry)));
    const folder = join(root, 'rewritten');
    await rewritten.writeTo(folder);
    expect((await verifyDir(folder)).code).toBe(0);
    const kept = join(root, 'kept');
    await writeFile(kept, new SmallLog(log.entries.slice(0, 100)).note());
    expect((await verifyDir(join(root, 'good'), '--since-checkpoint', kept)).code).toBe(0);
    const { code, out } = await verifyDir(folder, '--since-checkpoint', kept);
    expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining('The log forked') });
  });

  it('a rollback is noticed by who kept a checkpoint', async () => {
    const folder = join(root, 'short');
    await new SmallLog(log.entries.slice(0, 300)).writeTo(folder);
    const kept = join(root, 'kept-600');
    await writeFile(kept, log.note());
    const { code, out } = await verifyDir(folder, '--since-checkpoint', kept);
    expect({ code, out }).toEqual({ code: 1, out: expect.stringContaining('rolled back') });
    await writeFile(kept, log.note().replace('\n600\n', '\n601\n'));
    const changed = await verifyDir(folder, '--since-checkpoint', kept);
    expect(changed).toMatchObject({
      code: 1,
      out: expect.stringContaining('checkpoint that was kept is not good'),
    });
  });

  it('takes a folder of kept checkpoints', async () => {
    const folder = join(root, 'folder-of-kept');
    await mkdir(folder);
    for (const at of [1, 256, 599])
      await writeFile(
        join(folder, `${String(at).padStart(20, '0')}.checkpoint`),
        new SmallLog(log.entries.slice(0, at)).note(),
      );
    const { code, out } = await verifyDir(join(root, 'good'), '--since-checkpoint', folder);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('each of 3 kept checkpoints') });
  });

  it('without its events is noticed, unless --hashes-only is said, and then the verdict says so', async () => {
    const folder = await copy();
    await rm(join(folder, 'tile', 'entries'), { recursive: true });
    const missed = await verifyDir(folder);
    expect(missed).toMatchObject({ code: 1, out: expect.stringContaining('--hashes-only') });
    const hashes = await verifyDir(folder, '--hashes-only');
    expect(hashes).toMatchObject({
      code: 0,
      out: expect.stringContaining('the events themselves were not read'),
    });
  });

  it('something that is no audit event is noticed', async () => {
    const folder = join(root, 'stranger');
    await new SmallLog([...log.entries.slice(0, 3), Buffer.from('{}')]).writeTo(folder);
    expect(await verifyDir(folder)).toMatchObject({
      code: 1,
      out: expect.stringContaining('no audit event'),
    });
  });

  it('an empty folder is no verdict', async () => {
    const folder = join(root, 'empty');
    await mkdir(folder);
    expect(await verifyDir(folder)).toMatchObject({ code: 3, out: '' });
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('lethe audit verify --url', () => {
  const server = new LogServer();
  let url: string;
  beforeAll(async () => {
    url = await server.listen();
    server.token = 'lethe_ops_right';
    server.show(log);
  });
  afterAll(() => server.close());
  const verifyUrl = (env: Record<string, string>, ...more: string[]) =>
    lethe(['audit', 'verify', '--url', url, ...more], env);

  it('reads the events with the operator token, which goes to nothing else', async () => {
    const { code, out } = await verifyUrl({ LETHE_OPERATOR_TOKEN: 'lethe_ops_right' }, '--key', key);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(`All ${size} events`) });
    for (const { path, token } of server.asked)
      expect(token).toBe(path.startsWith('tile/entries/') ? 'lethe_ops_right' : undefined);
  });

  it('reads the hashes without a token, and says so', async () => {
    server.asked.length = 0;
    const { code, out } = await verifyUrl({}, '--key', key);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('were not read') });
    expect(server.asked.some(({ path }) => path.startsWith('tile/entries/'))).toBe(false);
  });

  it('never takes the key of this home for a log elsewhere', async () => {
    const home = join(root, 'home');
    await mkdir(home);
    const run = { adminConfig: url, audit: url, operatorToken: 'lethe_ops_right', auditVerifierKey: key };
    await writeFile(join(home, 'run.json'), JSON.stringify(run));
    expect((await lethe(['audit', 'verify'], { LETHE_HOME: home })).code).toBe(0);
    expect(await verifyUrl({ LETHE_HOME: home })).toMatchObject({
      code: 2,
      err: expect.stringContaining('--key is missing'),
    });
    expect((await lethe(['audit', 'verify'], { LETHE_HOME: home, LETHE_AUDIT_URL: url })).code).toBe(2);
  });

  it('what cannot be read is no verdict: a wrong token, a service that is away, nobody there', async () => {
    const wrong = await verifyUrl({ LETHE_OPERATOR_TOKEN: 'lethe_ops_canary' }, '--key', key);
    expect(wrong).toMatchObject({ code: 3, out: '', err: expect.stringContaining('LETHE_OPERATOR_TOKEN') });
    expect(wrong.err).not.toContain('canary');
    server.status = 503;
    expect(await verifyUrl({}, '--key', key)).toMatchObject({ code: 3, err: expect.stringContaining('503') });
    server.status = 200;
    const nobody = await lethe(['audit', 'verify', '--url', 'http://127.0.0.1:1', '--key', key]);
    expect(nobody).toMatchObject({ code: 3, err: expect.stringContaining('Nothing answers') });
    expect((await lethe(['audit', 'verify', '--url', 'ftp://x', '--key', key])).code).toBe(2);
    expect((await lethe(['audit', 'verify', '--key', key])).code).toBe(3);
  });

  it('a tile larger than any is not read to its end', async () => {
    server.files.set('checkpoint', 'x'.repeat(5_000_000));
    expect(await verifyUrl({}, '--key', key)).toMatchObject({
      code: 3,
      err: expect.stringContaining('more than'),
    });
    server.show(log);
  });
});
