import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Canary, canary, Searcher } from '@lethe/leak-prover';
import { startLoad } from '../chaos/start-load.js';
import { routesOf } from '../leak/matrix.js';
import { searchFolder } from '../leak/scan.js';
import { type Lethe, newHome, startLethe } from '../start-lethe.js';
import { awaitBilled, type BilledRequest, organizationOf } from '../support/accounting.js';
import { inParallel, printFigures } from '../support/figures.js';
import { waitFor } from '../wait-for.js';
import { httpCases } from './http-cases.js';
import { jsonCases } from './json-cases.js';
import { type RawAnswer, RawConnection } from './raw-connection.js';
import { chatBody, requestBytes } from './requests.js';
import { oddCases, smugglingCases } from './smuggling-cases.js';

const OTHERS_PER_SECOND = 20;
const brokenHttp = [...httpCases, ...smugglingCases];
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe('bad input', () => {
  let lethe: Lethe;
  let home: string;
  let key: string;
  let token: string;
  let from: Date;
  let endOthers: ReturnType<typeof startLoad>;
  const secrets: Canary[] = [];
  /** What each metered request was answered with, by its id. */
  const metered = new Map<string, { readonly name: string; readonly status: number }>();
  const figures: Record<string, unknown> = { cases: jsonCases.length + brokenHttp.length };

  beforeAll(async () => {
    home = await newHome();
    lethe = await startLethe({ home });
    const organization = organizationOf(lethe.run, 'open-demo');
    key = organization.keys.logging as string;
    token = organization.adminToken;
    from = new Date();
    const others = organizationOf(lethe.run, 'zdr-demo').keys.default as string;
    endOthers = startLoad({ router: lethe.run.router, keys: [others], requestsPerSecond: OTHERS_PER_SECOND });
  }, 90_000);
  afterAll(async () => {
    await lethe?.stop();
    await rm(home, { recursive: true, force: true });
    printFigures('bad input', figures);
  });

  const newSecret = (name: string): string => {
    const planted = canary(name);
    secrets.push(planted);
    return planted.text;
  };

  const expectError = (answer: RawAnswer, status: number, code: string, param: string | null): void => {
    const { error } = JSON.parse(answer.body) as { error: Record<string, unknown> };
    expect([answer.status, error]).toEqual([
      status,
      {
        code,
        param,
        message: expect.any(String),
        type: expect.stringMatching(/^[a-z_]+$/),
        origin: 'router',
      },
    ]);
    expect(Object.keys(JSON.parse(answer.body) as object)).toEqual(['error']);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const quoting = new Searcher(secrets.slice(-1)).search(Buffer.from(answer.text));
    expect(quoting.map(({ encoding }) => encoding)).toEqual([]);
  };

  const expectMetered = (name: string, answer: RawAnswer): void => {
    const requestId = answer.headers.get('x-lethe-request-id') ?? '';
    expect([requestId, answer.headers.get('x-lethe-retention')]).toEqual([
      expect.stringMatching(UUID),
      'telemetry',
    ]);
    metered.set(requestId, { name, status: answer.status });
  };

  /** What an answer says of its connection is true: it ends, with nothing more on it, or serves the next request. */
  const expectProperEnd = async (connection: RawConnection, answer: RawAnswer): Promise<void> => {
    if (answer.headers.get('connection') === 'close') {
      expect(await connection.closes()).toEqual({ closed: true, rest: '' });
      return;
    }
    connection.send(requestBytes({ key, body: chatBody() }));
    const { status, body } = await connection.answer();
    expect([status, body]).toEqual([200, expect.stringContaining('"content":"Well?"')]);
    connection.close();
  };

  it.each(jsonCases.map((row) => [row.name, row] as const))(
    'JSON: %s',
    async (name, { body, status, code, param }) => {
      const connection = await RawConnection.open(lethe.run.router);
      const bytes = requestBytes({ key, body: body(newSecret(name)) });
      connection.send(bytes);
      const answer = await connection.answer();
      expectError(answer, status, code, param);
      expectMetered(name, answer);
      await expectProperEnd(connection, answer);
    },
  );

  it.each(brokenHttp.map((row) => [row.name, row] as const))(
    'HTTP: %s',
    async (name, { bytes, status, code, param = null, metered: isMetered, mustClose }) => {
      const connection = await RawConnection.open(lethe.run.router);
      connection.send(bytes(key, newSecret(name)));
      const answer = await connection.answer();
      expectError(answer, status, code, param);
      if (isMetered) expectMetered(name, answer);
      if (mustClose === true) expect(answer.headers.get('connection')).toBe('close');
      await expectProperEnd(connection, answer);
    },
    60_000,
  );

  it.each(Object.entries(oddCases))('odd: %s', async (_, bytes) => {
    const connection = await RawConnection.open(lethe.run.router);
    connection.send(bytes(key));
    const answer = await connection.answer();
    expect([answer.status, answer.body]).toEqual([200, expect.stringContaining('"content":"Well?"')]);
    await expectProperEnd(connection, answer);
  });

  it('a body of a GET is its body, and no next request', async () => {
    const connection = await RawConnection.open(lethe.run.router);
    const body = requestBytes({ key, method: 'GET', path: `/${newSecret('body of a GET')}` });
    connection.send(requestBytes({ key, method: 'GET', path: '/v1/models', body }));
    const answer = await connection.answer();
    expect([answer.status, answer.body]).toEqual([200, expect.stringContaining('"sim/echo"')]);
    await expectProperEnd(connection, answer);
  });

  it('pipelined requests are answered in their order, good and bad', async () => {
    const connection = await RawConnection.open(lethe.run.router);
    const good = (content: string): Buffer =>
      requestBytes({ key, body: chatBody({ messages: [{ role: 'user', content }] }) });
    connection.send(
      Buffer.concat([
        good('first'),
        requestBytes({ key, body: chatBody({ model: 'sim/none' }) }),
        good('second'),
        requestBytes({ key, body: `{"model":${newSecret('pipelined')}` }),
      ]),
    );
    const answers: string[] = [];
    let last: RawAnswer | undefined;
    for (let n = 0; n < 4; n += 1) {
      last = await connection.answer();
      answers.push(`${last.status} ${/"content":"(\w+)"/.exec(last.body)?.[1] ?? ''}`);
    }
    expect(answers).toEqual(['200 first', '404 ', '200 second', '400 ']);
    await expectProperEnd(connection, last as RawAnswer);
  });

  it('a body shorter than its length, and then the end, is no request', async () => {
    const secret = newSecret('half a body');
    const connection = await RawConnection.open(lethe.run.router);
    connection.send(requestBytes({ key, body: chatBody({ user: secret }), contentLength: 9_999 }));
    connection.finish();
    const { closed, rest } = await connection.closes();
    expect([closed, rest.includes(secret)]).toEqual([true, false]);
  });

  it('what follows a body that is longer than its length is not taken for a part of it', async () => {
    const connection = await RawConnection.open(lethe.run.router);
    const body = chatBody();
    connection.send(
      requestBytes({ key, body: `${body}${newSecret('a longer body')}`, contentLength: body.length }),
    );
    expect((await connection.answer()).status).toBe(200);
    const next = await connection.answer();
    expectError(next, 400, 'malformed_http', null);
    await expectProperEnd(connection, next);
  });

  it('100-continue is answered, and the request after it', async () => {
    const connection = await RawConnection.open(lethe.run.router);
    connection.send(requestBytes({ key, headers: ['Expect: 100-continue'], body: chatBody() }));
    expect((await connection.answer()).status).toBe(200);
    connection.close();
  });

  it('a slow upload is waited for', async () => {
    const connection = await RawConnection.open(lethe.run.router);
    const bytes = requestBytes({ key, body: chatBody() });
    for (let at = 0; at < bytes.length; at += 12) {
      connection.send(bytes.subarray(at, at + 12));
      await pause(10);
    }
    const answer = await connection.answer();
    expect(answer.status).toBe(200);
    await expectProperEnd(connection, answer);
  });

  it('a slow reader gets all of it, however long it looks away', async () => {
    const connection = await RawConnection.open(lethe.run.router);
    const content = 'a long word '.repeat(300_000);
    connection.standStill();
    connection.send(requestBytes({ key, body: chatBody({ messages: [{ role: 'user', content }] }) }));
    await pause(1_500);
    connection.readOn();
    const answer = await connection.answer();
    expect([answer.status, answer.body.includes(JSON.stringify(content))]).toEqual([200, true]);
    await expectProperEnd(connection, answer);
  });

  it.each(routesOf().map((route) => [route.content.name, route] as const))(
    'a caller that leaves %s, at whatever byte, is counted once, and not before its key is known',
    async (name, { served, content }) => {
      const body = JSON.stringify({ model: `sim/${content.models[0]}`, ...content.asking(newSecret(name)) });
      const bytes = requestBytes({ key, path: served.path, body });
      const headBytes = bytes.length - Buffer.byteLength(body);
      const steps = Array.from({ length: 12 }, (_, step) => Math.floor((bytes.length * step) / 12));
      const places = [...steps, headBytes - 1, headBytes, headBytes + 1, bytes.length - 1, bytes.length];
      const leftFrom = new Date();
      await inParallel(places, 6, async (place) => {
        const connection = await RawConnection.open(lethe.run.router);
        connection.send(bytes.subarray(0, place));
        await pause(100);
        connection.close();
      });
      const count = places.filter((place) => place >= headBytes).length;
      await awaitBilled(lethe.run, token, { from: leftFrom, count });
      await pause(500);
      const rows = await awaitBilled(lethe.run, token, { from: leftFrom, count });
      const counted = rows.filter(({ endpoint }) => endpoint === served.endpoint);
      expect([rows.length, counted.length]).toEqual([count, count]);
      // The last one was there as a whole, and may have been answered.
      const left = counted.filter(({ error_type }) => error_type.startsWith('caller.'));
      expect(left.length).toBeGreaterThanOrEqual(count - 1);
    },
    30_000,
  );

  it.each([
    ['no key', undefined, 'missing_credentials'],
    ['an unknown key', 'sk-lethe-unknown', 'invalid_api_key'],
  ])('%s: nothing of it is anybody’s', async (name, unknownKey, code) => {
    const connection = await RawConnection.open(lethe.run.router);
    connection.send(requestBytes({ key: unknownKey, body: `{"model":${newSecret(name)}` }));
    const answer = await connection.answer();
    expectError(answer, 401, code, null);
    expect(answer.headers.get('x-lethe-retention')).toBe('none');
    connection.close();
  });

  it('is metered where a key was known', async () => {
    const rows = await waitFor(async () => {
      const found = await awaitBilled(lethe.run, token, { from, count: metered.size });
      const ids = new Set(found.map(({ request_id }) => request_id));
      return [...metered.keys()].every((id) => ids.has(id)) && found;
    });
    const rowOf = new Map(rows.map((row) => [row.request_id, row]));
    for (const [requestId, { name, status }] of metered) {
      const row = rowOf.get(requestId) as BilledRequest;
      expect([name, row.outcome, row.status_code, row.retention_decision]).toEqual([
        name,
        'refused',
        status,
        'telemetry',
      ]);
      expect([name, row.error_type, row.tokens_input, row.tokens_output, row.cost_provider_nanos]).toEqual([
        name,
        expect.stringMatching(/^caller\./),
        0,
        0,
        '0',
      ]);
    }
    figures.metered = metered.size;
  });

  it('disturbs no other request', async () => {
    const outcomes = await endOthers();
    expect(outcomes.filter(({ status, right }) => status !== 200 || !right)).toEqual([]);
    expect(outcomes.length).toBeGreaterThan(OTHERS_PER_SECOND);
    figures['others undisturbed'] = outcomes.length;
  });

  it('leaves nothing behind', async () => {
    await lethe.stop();
    const { findings, files, bytes } = await searchFolder(secrets, home);
    expect(findings).toEqual([]);
    figures.searched = `${files} files and ${bytes} bytes for ${secrets.length} values`;
  }, 60_000);
});
