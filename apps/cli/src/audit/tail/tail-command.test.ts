import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newUuidV7, type OrgId } from '@lethe/contracts';
import { RestServer } from '../testing/audit-rest.contract.js';
import { lethe } from '../testing/run-command.contract.js';
import { entryAt, orgId } from '../testing/small-log.contract.js';

const otherOrg: OrgId = newUuidV7();
const server = new RestServer();
let home: string;
let events: { index: number; event: { partitionkey: string; type: string; time: string } }[] = [];

beforeAll(async () => {
  const url = await server.listen();
  home = await mkdtemp(join(tmpdir(), 'lethe-tail-'));
  await writeFile(
    join(home, 'run.json'),
    JSON.stringify({ adminConfig: url, audit: url, operatorToken: 'lethe_ops_of_run' }),
  );
});
afterAll(async () => {
  server.close();
  await rm(home, { recursive: true, force: true });
});

const placed = (index: number) => ({
  index,
  event: JSON.parse(entryAt(index, index % 2 === 1 ? { orgId: otherOrg } : {}).toString()),
});
/** The list as audit answers it: newest first, filtered, in pages. */
const listed = (query: URLSearchParams) => {
  const [from, type, org] = [query.get('from') ?? '', query.get('type'), query.get('org')];
  const start = Number(query.get('cursor') ?? 0);
  const found = [...events]
    .reverse()
    .filter(({ event }) => event.time >= from && (type === null || event.type.includes(type)))
    .filter(({ event }) => org === null || event.partitionkey === org);
  const page = found.slice(start, start + Number(query.get('limit')));
  return { data: page, next_cursor: start + page.length < found.length ? `${start + page.length}` : null };
};
beforeEach(() => {
  server.asked.length = 0;
  events = Array.from({ length: 30 }, (_, index) => placed(index));
  const organization = (id: string, slug: string) => ({ id, slug, name: slug, zdr_enabled_at: null });
  server.answer = ({ pathname, searchParams }) =>
    pathname === '/v1/operator/org'
      ? {
          status: 200,
          body: JSON.stringify({
            data: [organization(otherOrg, 'other'), organization(orgId, 'mine')],
            next_cursor: null,
          }),
        }
      : { status: 200, body: JSON.stringify(listed(searchParams)) };
});

const tail = (...more: string[]) => lethe(['audit', 'tail', ...more], { LETHE_HOME: home });
const indices = (out: string): number[] =>
  out
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Number(line.trim().split(' ')[0]));

describe('lethe audit tail --once', () => {
  it('shows the last twenty, oldest first', async () => {
    const { code, out } = await tail('--once');
    expect(code).toBe(0);
    expect(indices(out)).toEqual(Array.from({ length: 20 }, (_, at) => at + 10));
    expect(out).toContain('apikey.created');
    expect(server.asked).toEqual([{ url: '/v1/audit/events?limit=20', token: 'lethe_ops_of_run' }]);
  });

  it('of a type, of a number', async () => {
    expect(indices((await tail('--once', '--last', '2', '--type', 'apikey.created')).out)).toEqual([28, 29]);
    expect(server.asked[0]?.url).toBe('/v1/audit/events?limit=2&type=apikey.created');
    expect((await tail('--once', '--last', '0')).out).toBe('');
  });

  it('of one organization, by slug and by id, however many of others lie between', async () => {
    expect(indices((await tail('--once', '--last', '3', '--org', 'mine')).out)).toEqual([24, 26, 28]);
    expect(indices((await tail('--once', '--last', '3', '--org', otherOrg)).out)).toEqual([25, 27, 29]);
    expect(server.asked.at(-1)?.url).toBe(`/v1/audit/events?limit=3&org=${otherOrg}`);
    expect(await tail('--once', '--org', 'nobody')).toMatchObject({
      code: 1,
      err: expect.stringContaining('lethe org list'),
    });
  });

  it('since a time shows all of them', async () => {
    const since = events[4]?.event.time ?? '';
    expect(indices((await tail('--once', '--since', since)).out)).toHaveLength(26);
    expect(indices((await tail('--once', '--since', since, '--last', '5')).out)).toEqual([
      25, 26, 27, 28, 29,
    ]);
    await tail('--once', '--since', '2h');
    const asked = new URL(server.asked.at(-1)?.url ?? '', 'http://host').searchParams.get('from') ?? '';
    expect(Math.abs(Date.parse(asked) - (Date.now() - 7_200_000))).toBeLessThan(60_000);
  });

  it('--json is the event, --pretty is it in words', async () => {
    const lines = (await tail('--once', '--json', '--last', '1')).out.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as object)).toEqual([events[29]]);
    events = [placed(0)];
    const { out } = await tail('--once', '--pretty');
    expect(out).toContain('enabled Zero Data Retention');
    expect(out).toContain('    default_logging: true → false');
  });

  it('a management token of its own goes before the operator token, for events only', async () => {
    await lethe(['audit', 'tail', '--once', '--org', 'mine'], {
      LETHE_HOME: home,
      LETHE_AUDIT_TOKEN: 'lethe_mgmt_mine',
    });
    expect(server.asked.map(({ token }) => token)).toEqual(['lethe_ops_of_run', 'lethe_mgmt_mine']);
  });

  it.each([
    [['--last', '999']],
    [['--since', 'soon']],
    [['--since', '2026']],
    [['--since', '2026-13-41T00:00:00Z']],
    [['--once', '--follow']],
    [['--json', '--pretty']],
  ])('%j is refused and sent to nobody', async (more) => {
    expect(await tail(...more)).toMatchObject({ code: 2, err: expect.stringContaining('audit tail --help') });
    expect(server.asked).toEqual([]);
  });
});

describe('lethe audit tail', () => {
  it('goes on with what comes, waits while audit is away, and ends when it is refused', async () => {
    const list = server.answer;
    const answers: (() => ReturnType<typeof list>)[] = [
      () => ({ status: 503, body: '' }),
      () => {
        events.push(placed(30), placed(31));
        return list(new URL('http://host/v1/audit/events?limit=200'));
      },
      () => ({
        status: 401,
        body: JSON.stringify({ error: { code: 'invalid_token', message: 'A constant.', param: null } }),
      }),
    ];
    server.answer = (url) => (server.asked.length === 1 ? list(url) : (answers.shift()?.() ?? list(url)));
    const { code, out, err } = await tail('--last', '1', '--follow');
    expect(indices(out)).toEqual([29, 30, 31]);
    expect(err).toContain('Asking again in 2 s');
    expect({ code, refused: err.includes('A constant.') }).toEqual({ code: 1, refused: true });
  });
});
