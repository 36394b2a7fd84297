import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { lethe } from '../audit/testing/run-command.contract.js';

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly token: string;
  readonly body: unknown;
}
interface Answer {
  readonly status: number;
  readonly body: unknown;
}

let server: Server;
let url: string;
let home: string;
let env: Record<string, string>;
const seen: Seen[] = [];
/** By method and path; the last of several goes on. */
let answers: Record<string, Answer[]>;

const proof = 'c2sp.org/tlog-proof@v1\na proof of the test\n';
const pending = {
  state: 'committed_pending',
  version: 7,
  zdr_enabled_at: '2026-11-22T12:00:00.000Z',
  effective_at: null,
  routers: { acknowledged: null, lapsed: null },
  keys_forced_off: 1,
  audit: { event_id: 'event-of-the-commit', proof: null },
  barrier: null,
  history: null,
};
const effective = {
  ...pending,
  state: 'effective',
  effective_at: '2026-11-22T12:00:00.250Z',
  routers: { acknowledged: 1, lapsed: 1 },
  audit: { event_id: 'event-of-the-commit', proof },
  barrier: {
    acknowledged: [{ router_id: 'router-1', boot_id: 'boot-a', after_ms: 31.4 }],
    lapsed: [{ router_id: 'router-2', boot_id: 'boot-b', after_ms: 220 }],
    took_ms: 220,
    event_id: 'event-of-the-evidence',
  },
};
const off = { state: 'off', version: null, zdr_enabled_at: null, audit: null };
const refusal = (code: string): unknown => ({
  error: { message: 'A constant.', type: 'caller', code, param: null, origin: 'admin-config' },
});
const ask = 'GET /v1/manage/org/zdr';
const enable = 'POST /v1/manage/org/zdr';

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const { method = '', url: path = '', headers } = request;
    seen.push({
      method,
      path,
      token: headers.authorization ?? '',
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    });
    const rows = answers[`${method} ${path}`] ?? [];
    const answer = rows.length > 1 ? rows.shift() : rows[0];
    response.writeHead(answer?.status ?? 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(answer?.body ?? refusal('not_found')));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
});
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'lethe-zdr-'));
  await writeFile(
    join(home, 'run.json'),
    JSON.stringify({
      adminConfig: url,
      audit: url,
      operatorToken: 'lethe_ops_of_run',
      organizations: [{ slug: 'acme', adminToken: 'lethe_mgmt_of_run' }],
    }),
  );
  env = { LETHE_HOME: home };
  answers = {
    'GET /v1/auth/check': [{ status: 200, body: { org_slug: 'acme', role: 'admin' } }],
    [ask]: [{ status: 200, body: effective }],
    [enable]: [{ status: 200, body: effective }],
  };
});
afterEach(async () => {
  seen.length = 0;
  await rm(home, { recursive: true, force: true });
});

const run = (line: string, more: Record<string, string> = {}) => lethe(line.split(' '), { ...env, ...more });
const sent = (what: string): Seen[] => seen.filter(({ method, path }) => `${method} ${path}` === what);

describe('lethe zdr enable', () => {
  it('sends the slug with the organization’s own token, and prints the evidence of the barrier', async () => {
    const { code, out, err } = await run('zdr enable acme --confirm acme');
    expect(code).toBe(0);
    expect(sent(enable)).toMatchObject([
      { token: 'Bearer lethe_mgmt_of_run', body: { confirm: 'acme', shred_history: false } },
    ]);
    expect(out).toContain('effective since 2026-11-22T12:00:00.250Z, 0.25 s after the commit');
    expect(out).toContain('1 key was logging');
    expect(out).toMatch(/^router-1 +boot-a +acknowledged +31 ms/m);
    expect(out).toMatch(/^router-2 +boot-b +lapsed +220 ms/m);
    expect(out).toContain('event-of-the-commit');
    expect(out).toContain('event-of-the-evidence');
    expect(out).toContain('stays readable');
    expect(err).toContain('lethe zdr status acme --proof <file>');
  });

  it('asks on while it is committed and pending, says what is missing, and ends when it is effective', async () => {
    answers[enable] = [{ status: 202, body: pending }];
    answers[ask] = [
      { status: 200, body: pending },
      { status: 503, body: refusal('unavailable') },
      { status: 200, body: effective },
    ];
    const { code, out, err } = await run('zdr enable acme --confirm acme');
    expect({ code, asked: sent(ask).length, enabled: sent(enable).length }).toEqual({
      code: 0,
      asked: 3,
      enabled: 1,
    });
    expect(err).toContain(
      'Committed, and irrevocable from here. Waiting for routers and accounting and the audit log',
    );
    expect(out).toContain('effective since');
  });

  it('ends with 3 when it is not effective in time, and does not say that it is', async () => {
    answers[enable] = [{ status: 202, body: pending }];
    const { code, out } = await run('zdr enable acme --confirm acme --wait 0');
    expect(code).toBe(3);
    expect(out).toContain('not yet effective on every router');
    expect(out).not.toContain('effective since');
  });

  it('keeps the proof as it came', async () => {
    const file = join(home, 'acme.tlog-proof');
    expect(await run(`zdr enable acme --confirm acme --proof ${file}`)).toMatchObject({ code: 0 });
    expect(await readFile(file, 'utf8')).toBe(proof);
    answers[ask] = [{ status: 200, body: { ...effective, audit: { event_id: 'e', proof: null } } }];
    const { code, err } = await run(`zdr status acme --proof ${join(home, 'other')}`);
    expect(code).toBe(3);
    expect(err).toContain('The proof is not there yet');
  });

  it('prints the whole answer as JSON, with fields that this version does not know', async () => {
    answers[enable] = [{ status: 200, body: { ...effective, of_a_later_version: [1] } }];
    const { out } = await run('zdr enable acme --confirm acme --json');
    expect(JSON.parse(out)).toEqual({ ...effective, of_a_later_version: [1] });
  });

  it('hands on the wish to shred, and says until when backups hold the key', async () => {
    const history = {
      shredded_at: '2026-11-22T12:00:00.200Z',
      backups_hold_key_until: '2026-12-22T12:00:00.200Z',
    };
    answers[enable] = [{ status: 200, body: { ...effective, history } }];
    const { out } = await run('zdr enable acme --confirm acme --shred-history');
    expect(sent(enable)[0]?.body).toEqual({ confirm: 'acme', shred_history: true });
    expect(out).toContain('were shredded at 2026-11-22T12:00:00.200Z');
    expect(out).toContain('until 2026-12-22T12:00:00.200Z');
    expect(out).not.toContain('stays readable');
    answers[ask] = [{ status: 200, body: { ...pending, history: { shredded_at: null } } }];
    expect((await run('zdr status acme')).out).toContain('not shredded yet');
  });

  it.each([
    ['zdr enable acme --confirm other', 2, '--confirm is not the slug'],
    ['zdr enable acme', 1, '--confirm acme'],
    ['zdr enable', 2, '<slug> is missing'],
    ['zdr enable acme --confirm acme --wait soon', 2, '--wait is a whole number'],
    ['zdr enable acme --confirm acme --wait 99999', 2, '--wait is a whole number'],
    ['zdr enable acme --confirm acme --disable', 2, '--help'],
    ['zdr disable acme', 2, 'one of: status, enable, repair'],
    ['zdr enable nobody --confirm nobody', 1, 'no token for this organization'],
  ])('%s changes nothing', async (line, code, says) => {
    const ran = await run(line);
    expect(ran.code).toBe(code);
    expect(ran.err).toContain(says);
    expect(sent(enable)).toEqual([]);
  });

  it('does not enable it for another organization than the one named', async () => {
    answers['GET /v1/auth/check'] = [{ status: 200, body: { org_slug: 'others', role: 'admin' } }];
    const { code, err } = await run('zdr enable acme --confirm acme', { LETHE_ADMIN_TOKEN: 'lethe_mgmt_x' });
    expect(code).toBe(1);
    expect(err).toContain('not a token of this organization');
    expect(sent(enable)).toEqual([]);
  });

  it('says what was refused', async () => {
    answers[enable] = [{ status: 403, body: refusal('forbidden') }];
    const { code, out, err } = await run('zdr enable acme --confirm acme');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('A constant.');
  });

  it('needs the token of an admin beside an address', async () => {
    const { err } = await run(`zdr enable acme --confirm acme --url ${url}`);
    expect(err).toContain('LETHE_ADMIN_TOKEN is not set');
    expect(seen).toEqual([]);
    const { code } = await run(`zdr enable acme --confirm acme --url ${url}`, {
      LETHE_ADMIN_TOKEN: 'lethe_mgmt_x',
    });
    expect(code).toBe(0);
    expect(sent(enable)).toMatchObject([{ token: 'Bearer lethe_mgmt_x' }]);
  });
});

describe('lethe zdr status', () => {
  it('of one organization is what is known about it', async () => {
    const { code, out } = await run('zdr status acme');
    expect(code).toBe(0);
    expect(out).toMatch(/^router-1 +boot-a +acknowledged/m);
    expect(sent(ask)).toMatchObject([{ token: 'Bearer lethe_mgmt_of_run' }]);
    answers[ask] = [{ status: 200, body: off }];
    expect(await run('zdr status acme')).toMatchObject({
      out: 'acme has no Zero Data Retention.\n',
      err: '',
    });
    expect(await run('zdr status acme --proof x')).toMatchObject({ code: 1 });
  });

  it('of all is a list, with the operator’s token', async () => {
    const row = (slug: string, since: string | null) => ({
      id: 'i',
      slug,
      name: slug,
      zdr_enabled_at: since,
    });
    const data = [row('acme', '2026-11-22T12:00:00.000Z'), row('open', null)];
    answers['GET /v1/operator/org'] = [{ status: 200, body: { data, next_cursor: null } }];
    const { out } = await run('zdr status');
    expect(out).toBe('SLUG  ZDR SINCE\nacme  2026-11-22T12:00:00.000Z\nopen  -\n');
    expect(seen).toMatchObject([{ token: 'Bearer lethe_ops_of_run' }]);
    expect(await run('zdr status --proof x')).toMatchObject({ code: 2 });
  });
});

describe('lethe zdr repair', () => {
  const repair = 'POST /v1/operator/zdr/repair';

  it('says what was mended, with the operator’s token', async () => {
    answers[repair] = [
      { status: 200, body: { organizations: ['org-1'], guards: ['anchors_ahead', 'of_later'], version: 9 } },
    ];
    const { code, out } = await run('zdr repair');
    expect(code).toBe(0);
    expect(out).toBe(
      [
        'Taken away: the anchors knew an organization with ZDR that the database had forgotten.',
        'Taken away: of_later.',
        'Zero Data Retention is on again for organization org-1.',
        'Policy version 9. Routers are granted leases again.\n',
      ].join('\n'),
    );
    expect(sent(repair)).toMatchObject([{ token: 'Bearer lethe_ops_of_run' }]);
  });

  it('says that nothing was wrong', async () => {
    answers[repair] = [{ status: 200, body: { organizations: [], guards: [], version: 9 } }];
    expect(await run('zdr repair')).toMatchObject({
      code: 0,
      out: 'Nothing was wrong, and nothing was changed.\n',
    });
  });

  it('fails when the anchors cannot be read', async () => {
    answers[repair] = [{ status: 503, body: refusal('unavailable') }];
    expect(await run('zdr repair')).toMatchObject({ code: 1, out: '' });
  });
});

describe('help', () => {
  it.each(['', 'status ', 'enable ', 'repair '])(
    'of lethe zdr %sis printed and nothing is done',
    async (name) => {
      const { code, out, err } = await run(`zdr ${name}--help`);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toContain(`Usage: lethe zdr ${name}`.trim());
      expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
      expect(seen).toEqual([]);
    },
  );
});
