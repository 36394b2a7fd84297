import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { runCli } from '../cli.js';

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly token: string;
  readonly body: unknown;
}
let server: Server;
let url: string;
let home: string;
const seen: Seen[] = [];
let answer: { status: number; body: unknown } = { status: 200, body: {} };

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    seen.push({
      method: request.method ?? '',
      path: request.url ?? '',
      token: request.headers.authorization ?? '',
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    });
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(answer.status === 204 ? undefined : JSON.stringify(answer.body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  home = await mkdtemp(join(tmpdir(), 'lethe-cli-'));
  await writeFile(
    join(home, 'run.json'),
    JSON.stringify({ adminConfig: url, audit: url, operatorToken: 'lethe_ops_of_run' }),
  );
  process.env.LETHE_HOME = home;
});
afterAll(async () => {
  delete process.env.LETHE_HOME;
  server.close();
  await rm(home, { recursive: true, force: true });
});
afterEach(() => {
  jest.restoreAllMocks();
  seen.length = 0;
});

/** Runs a command line; what it printed and how it ended. */
const lethe = async (...argv: string[]): Promise<{ code: number; out: string; err: string }> => {
  let [out, err] = ['', ''];
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += String(text);
    return true;
  });
  jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
    err += String(text);
    return true;
  });
  const code = await runCli(argv);
  jest.restoreAllMocks();
  return { code, out, err };
};

const key = { api_key_id: 'key-1', api_key: 'sk-lethe-made' };
const commands = [
  {
    line: 'org create acme --name Acme_Corp',
    sent: ['POST', '/v1/operator/org', { slug: 'acme', name: 'Acme_Corp' }],
    body: { org_id: 'org-1', slug: 'acme' },
    out: 'acme  org-1\n',
  },
  {
    line: 'member add acme --name Ada --role admin',
    sent: ['POST', '/v1/operator/org/acme/member', { name: 'Ada', role: 'admin' }],
    body: { user_id: 'user-1' },
    out: 'user-1\n',
  },
  {
    line: 'token create acme --user user-1',
    sent: ['POST', '/v1/operator/org/acme/token', { user_id: 'user-1', name: 'cli' }],
    body: { token_id: 'token-1', token: 'lethe_mgmt_made' },
    out: 'lethe_mgmt_made\n',
  },
  {
    line: 'token revoke token-1',
    sent: ['POST', '/v1/operator/token/token-1/revoke', undefined],
    out: 'revoked\n',
  },
  {
    line: 'key create acme --owner user-1 --name web --logging',
    sent: ['POST', '/v1/operator/org/acme/apikey', { name: 'web', owner_user_id: 'user-1', logging: true }],
    body: key,
    out: 'sk-lethe-made\n',
  },
  {
    line: 'key create acme --owner user-1 --name web',
    sent: ['POST', '/v1/operator/org/acme/apikey', { name: 'web', owner_user_id: 'user-1', logging: false }],
    body: key,
    out: 'sk-lethe-made\n',
  },
  {
    line: 'key rotate key-1 --overlap-seconds 60',
    sent: ['POST', '/v1/operator/apikey/key-1/rotate', { overlap_seconds: 60 }],
    body: key,
    out: 'sk-lethe-made\n',
  },
  {
    line: 'key revoke key-1',
    sent: ['POST', '/v1/operator/apikey/key-1/revoke', undefined],
    out: 'revoked\n',
  },
];

describe('the operator says', () => {
  it.each(commands)('lethe $line', async ({ line, sent, body, out }) => {
    answer = body === undefined ? { status: 204, body: undefined } : { status: 201, body };
    expect(await lethe(...line.split(' '))).toMatchObject({ code: 0, out });
    const [method, path, sentBody] = sent;
    expect(seen).toEqual([{ method, path, token: 'Bearer lethe_ops_of_run', body: sentBody }]);
    const asJson = await lethe(...line.split(' '), '--json');
    expect(asJson).toMatchObject({ code: 0, err: '' });
    if (body !== undefined) expect(JSON.parse(asJson.out)).toEqual(body);
  });

  it('lethe org list, over all pages', async () => {
    const row = (slug: string) => ({ id: `id-${slug}`, slug, name: slug, zdr_enabled_at: null });
    answer = { status: 200, body: { data: [row('a')], next_cursor: 'n' } };
    const listing = lethe('org', 'list');
    while (seen.length < 1) await new Promise(setImmediate);
    answer = { status: 200, body: { data: [row('b')], next_cursor: null } };
    expect(
      (await listing).out
        .trim()
        .split(/\n/)
        .map((line) => line.split(/\s+/)[0]),
    ).toEqual(['SLUG', 'a', 'b']);
  });

  it('keeps the secret on standard output, and says on standard error that it is shown once', async () => {
    answer = { status: 201, body: key };
    const { err } = await lethe('key', 'create', 'acme', '--owner', 'u', '--name', 'n');
    expect(err).toContain('key-1');
    expect(err).toContain('never show it again');
    expect(err).not.toContain(key.api_key);
  });
});

describe('when it does not work', () => {
  const refusal = (code: string) => ({
    error: { message: 'A constant.', type: 'caller', code, param: 'slug', origin: 'admin-config' },
  });

  it.each([
    [401, 'invalid_token', 'LETHE_OPERATOR_TOKEN'],
    [404, 'not_found', 'lethe org list'],
    [409, 'conflict', 'another name'],
    [503, 'unavailable', 'Try again'],
  ])('a %i tells what to do next', async (status, code, next) => {
    answer = { status, body: refusal(code) };
    const { code: exitCode, out, err } = await lethe('org', 'create', 'canary');
    expect({ exitCode, out }).toEqual({ exitCode: 1, out: '' });
    expect(err).toContain('A constant. (slug)');
    expect(err).toContain(next);
    expect(err).not.toContain('canary');
  });

  it.each([
    [[], 2],
    [['nonsense'], 2],
    [['org'], 2],
    [['org', 'destroy'], 2],
    [['org', 'create'], 2],
    [['org', 'create', 'a', 'b'], 2],
    [['member', 'add', 'acme', '--name', 'x'], 2],
    [['member', 'add', 'acme', '--name', 'x', '--role', 'king'], 2],
    [['key', 'rotate', 'k', '--overlap-seconds', '-5'], 2],
    [['key', 'rotate', 'k', '--overlap-seconds', 'soon'], 2],
    [['key', 'create', 'acme', '--nonsense'], 2],
    [['audit', 'tail', '--last', '999'], 2],
  ])('%j is refused and sent to nobody', async (argv, code) => {
    const result = await lethe(...argv);
    expect(result.code).toBe(code);
    expect(result.out === '' ? result.err : result.out).toContain('--help');
    expect(seen).toEqual([]);
  });

  it('an address where nobody is says so', async () => {
    process.env.LETHE_OPERATOR_TOKEN = 'lethe_ops_canary';
    const { code, err } = await lethe('org', 'list', '--url', 'http://127.0.0.1:1');
    delete process.env.LETHE_OPERATOR_TOKEN;
    expect(code).toBe(1);
    expect(err).toContain('npm start');
    expect(err).not.toContain('canary');
  });

  it('a URL is never given the token of another Lethe', async () => {
    const { code, err } = await lethe('org', 'list', '--url', url);
    expect(code).toBe(1);
    expect(err).toContain('LETHE_OPERATOR_TOKEN is not set');
    expect(seen).toEqual([]);
  });

  it('a home where nothing runs says so', async () => {
    process.env.LETHE_HOME = join(home, 'nowhere');
    const { code, err } = await lethe('org', 'list');
    process.env.LETHE_HOME = home;
    expect(code).toBe(1);
    expect(err).toContain('npm start');
  });

  it('an address of something else says so', async () => {
    answer = { status: 500, body: 'canary' };
    const { code, err } = await lethe('org', 'list');
    expect(code).toBe(1);
    expect(err).toContain('not as Lethe does');
    expect(err).not.toContain('canary');
  });
});

describe('help', () => {
  it.each(['up', 'org', 'member', 'token', 'key', 'zdr', 'audit'])(
    'of lethe %s is printed and nothing is done',
    async (name) => {
      const { code, out, err } = await lethe(name, '--help');
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toContain(`Usage: lethe ${name}`);
      expect(out.split('\n').length).toBeGreaterThan(8);
      expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
    },
  );

  it('of lethe lists every command', async () => {
    const { code, out } = await lethe('--help');
    expect(code).toBe(0);
    for (const name of ['up', 'org', 'member', 'token', 'key', 'zdr', 'audit'])
      expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
  });
});
