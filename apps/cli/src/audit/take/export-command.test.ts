import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RestServer } from '../testing/audit-rest.contract.js';
import { lethe } from '../testing/run-command.contract.js';
import { entryAt, key, LogServer, SmallLog, smallLog } from '../testing/small-log.contract.js';

const full = smallLog(700);
const upTo = (size: number): SmallLog => new SmallLog(full.entries.slice(0, size));
let root: string;
let folder: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'lethe-take-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'copy-'));
});

const filesIn = async (path: string): Promise<string[]> =>
  (await readdir(path, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(path.length + 1))
    .sort();

describe('lethe audit export --dir', () => {
  const server = new LogServer();
  let url: string;
  beforeAll(async () => {
    url = await server.listen();
    server.token = 'lethe_ops_right';
  });
  afterAll(() => server.close());
  beforeEach(() => {
    server.files.clear();
    server.asked.length = 0;
  });
  const take = (
    env: Record<string, string> = { LETHE_OPERATOR_TOKEN: 'lethe_ops_right' },
    ...more: string[]
  ) => lethe(['audit', 'export', '--url', url, '--key', key, '--dir', folder, ...more], env);

  it('copies every file of the log, which the copy then shows', async () => {
    server.show(full);
    expect(await take()).toMatchObject({ code: 0, out: expect.stringContaining('files were new') });
    expect(await filesIn(folder)).toEqual([...full.tiles().keys(), 'checkpoint'].sort());
    expect((await lethe(['audit', 'verify', '--dir', folder, '--key', key])).code).toBe(0);
  });

  it('asks again only for what is new, and drops the partial tiles that it outgrew', async () => {
    server.show(upTo(300));
    await take();
    server.show(full);
    server.asked.length = 0;
    expect((await take()).code).toBe(0);
    const again = server.asked.map(({ path }) => path).filter((path) => !path.includes('.p/'));
    expect(again).not.toContain('tile/0/000');
    expect(await filesIn(folder)).toEqual([...full.tiles().keys(), 'checkpoint'].sort());
  });

  it('resumes where it was cut off', async () => {
    server.show(full);
    const missing = 'tile/entries/001';
    const bytes = server.files.get(missing) as Buffer;
    server.files.delete(missing);
    expect((await take()).code).toBe(1);
    expect(await filesIn(folder)).not.toContain('checkpoint');
    server.files.set(missing, bytes);
    server.asked.length = 0;
    expect((await take()).code).toBe(0);
    expect(server.asked.map(({ path }) => path)).not.toContain('tile/entries/000');
  });

  it('without a token copies the hashes', async () => {
    server.show(full);
    expect(await take({})).toMatchObject({ code: 0, out: expect.stringContaining('were not read') });
    expect((await filesIn(folder)).filter((path) => path.includes('entries'))).toEqual([]);
  });

  it('keeps the copy that it has when the log forked, was rolled back or sends something wrong', async () => {
    server.show(upTo(300));
    await take();
    const before = await readFile(join(folder, 'checkpoint'), 'utf8');
    server.show(upTo(200));
    expect(await take()).toMatchObject({ code: 1, out: expect.stringContaining('shorter than it was') });
    server.files.clear();
    server.show(new SmallLog(full.entries.map((entry, at) => (at === 280 ? entryAt(at) : entry))));
    expect(await take()).toMatchObject({ code: 1, out: expect.stringContaining('forked') });
    expect(await readFile(join(folder, 'checkpoint'), 'utf8')).toBe(before);
  });

  it('notices a copy that was changed', async () => {
    server.show(full);
    await take();
    const path = join(folder, 'tile', '0', '001');
    const bytes = await readFile(path);
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    await writeFile(path, bytes);
    expect(await take()).toMatchObject({ code: 1, out: expect.stringContaining('delete the file') });
    await writeFile(join(folder, 'checkpoint'), 'canary');
    expect(await take()).toMatchObject({
      code: 1,
      out: expect.stringContaining("earlier copy's checkpoint"),
    });
  });

  it('cannot be written where a file stands in the way', async () => {
    server.show(full);
    await writeFile(join(folder, 'tile'), '');
    expect(await take()).toMatchObject({ code: 3, out: '' });
  });
});

describe('audit over REST', () => {
  const server = new RestServer();
  let url: string;
  beforeAll(async () => {
    url = await server.listen();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    server.asked.length = 0;
  });
  const ask = (...argv: string[]) =>
    lethe(['audit', ...argv, '--url', url], { LETHE_OPERATOR_TOKEN: 'lethe_ops_right' });
  const lines = upTo(20).exported([1, 2, 3]);

  it('export --out writes what verify takes, and whole or not at all', async () => {
    const file = join(folder, 'events.jsonl');
    server.answer = () => ({ status: 200, body: `${lines.join('\n')}\n` });
    const done = await ask('export', '--out', file, '--type', 'zdr.enabled', '--from', '2026-01-01');
    expect(done).toMatchObject({ code: 0, out: '', err: expect.stringContaining('3 events.') });
    expect(server.asked).toEqual([
      {
        url: '/v1/audit/export?from=2026-01-01T00%3A00%3A00.000Z&type=zdr.enabled',
        token: 'lethe_ops_right',
      },
    ]);
    expect((await lethe(['audit', 'verify', '--export', file, '--key', key])).code).toBe(0);
    expect(await filesIn(folder)).toEqual(['events.jsonl']);

    const other = join(folder, 'other.jsonl');
    server.answer = () => ({ status: 200, body: `${lines.slice(0, -1).join('\n')}\n` });
    expect(await ask('export', '--out', other)).toMatchObject({
      code: 3,
      err: expect.stringContaining('cut off'),
    });
    server.answer = () => 'break off';
    expect(await ask('export', '--out', other)).toMatchObject({
      code: 3,
      err: expect.stringContaining('broke off'),
    });
    expect(await filesIn(folder)).toEqual(['events.jsonl']);
  });

  it('export --out - prints them', async () => {
    server.answer = () => ({ status: 200, body: `${lines.join('\n')}\n` });
    expect(await ask('export', '--out', '-')).toMatchObject({ code: 0, out: `${lines.join('\n')}\n` });
  });

  it('proof writes what verify takes', async () => {
    const file = join(folder, 'zdr.tlog-proof');
    const id = '0199aaaa-0000-7000-8000-000000000001';
    server.answer = ({ pathname }) => ({ status: 200, body: pathname.includes(id) ? full.proof(7) : '' });
    expect(await ask('proof', id, '--out', file)).toMatchObject({ code: 0, out: '' });
    expect((await lethe(['audit', 'verify', '--proof', file, '--key', key])).code).toBe(0);
    expect(await ask('proof', id)).toMatchObject({ code: 0, out: full.proof(7) });
    expect(server.asked.at(-1)).toEqual({ url: `/v1/audit/events/${id}/proof`, token: 'lethe_ops_right' });
  });

  it('says what audit refused, and quotes nothing', async () => {
    const error = { code: 'not_found', message: 'A constant.', param: 'event_id' };
    server.answer = () => ({ status: 404, body: JSON.stringify({ error }) });
    const id = '0199aaaa-0000-7000-8000-00000000cafe';
    expect(await ask('proof', id)).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('A constant. (event_id)'),
    });
    server.answer = () => ({ status: 500, body: 'canary' });
    const { code, err } = await ask('export', '--out', join(folder, 'x'));
    expect({ code, quoted: err.includes('canary') }).toEqual({ code: 3, quoted: false });
    expect(await lethe(['audit', 'proof', id])).toMatchObject({
      code: 1,
      err: expect.stringContaining('npm start'),
    });
  });

  it.each([
    [['proof']],
    [['proof', 'not-a-uuid']],
    [['export']],
    [['export', '--out', 'a', '--dir', 'b']],
    [['export', '--dir', 'a', '--from', '1h']],
    [['export', '--out', 'a', '--from', 'soon']],
    [['nonsense']],
  ])('%j is refused and sent to nobody', async (argv) => {
    expect(await ask(...argv)).toMatchObject({ code: 2, out: '' });
    expect(server.asked).toEqual([]);
  });
});

describe('help', () => {
  it.each(['tail', 'verify', 'watch', 'export', 'proof'])('of lethe audit %s is its own', async (name) => {
    const { code, out } = await lethe(['audit', name, '--help']);
    expect(code).toBe(0);
    expect(out).toContain(`lethe audit ${name}`);
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
    expect((await lethe(['audit', '--help'])).out).toContain(`lethe audit ${name}`);
  });

  it.each(['verify', 'watch', 'export'])('of lethe audit %s tells the exit codes', async (name) => {
    expect((await lethe(['audit', name, '--help'])).out).toMatch(/Exit codes: 0 .*, 1 .*, 2 .*,\s3 .*/);
  });
});
