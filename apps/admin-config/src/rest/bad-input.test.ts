import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  makeKey,
  makeOrg,
  startWorld,
  type TestOrg,
  takeAuditEvents,
  versionNow,
  type World,
} from '../testing/world.contract.js';

const canary = 'canary-7f3a';
const deep = 20_000;

describe('bad input', () => {
  let world: World;
  let org: TestOrg;
  let keyId: string;
  beforeAll(async () => {
    world = await startWorld();
    org = await makeOrg(world);
    keyId = (await makeKey(world, org.admin.token)).id;
  });
  afterAll(() => world.close());

  const send = (method: string, path: string, raw: string | Uint8Array<ArrayBuffer>) =>
    world.call(method, path, { token: org.admin.token, raw });

  const bytes = (...parts: (string | number)[]): Uint8Array<ArrayBuffer> =>
    Uint8Array.from(
      parts.flatMap((part) => (typeof part === 'number' ? [part] : [...Buffer.from(part, 'utf8')])),
    );

  const bodies: readonly [string, string | Uint8Array<ArrayBuffer>, string, string | null][] = [
    ['nothing', '', 'empty_body', null],
    ['no JSON', `${canary}`, 'malformed_json', null],
    ['half of it', `{"name": "${canary}`, 'malformed_json', null],
    ['two values', `{"name":"${canary}"} {}`, 'malformed_json', null],
    ['a list', `["${canary}"]`, 'invalid_type', null],
    ['a text', `"${canary}"`, 'invalid_type', null],
    ['null', 'null', 'invalid_type', null],
    ['a field twice', `{"name":"${canary}","name":"${canary}2"}`, 'duplicate_field', null],
    ['a field twice, once escaped', `{"name":"${canary}","n\\u0061me":"x"}`, 'duplicate_field', null],
    ['an unknown field', `{"name":"x","${canary}":1}`, 'unknown_field', null],
    ['a prototype', `{"name":"x","__proto__":{"logging":true}}`, 'unknown_field', null],
    ['a number for a name', '{"name":7}', 'invalid_type', 'name'],
    ['no name', '{}', 'invalid_type', 'name'],
    ['an empty name', '{"name":""}', 'invalid_value', 'name'],
    ['a name of spaces', '{"name":"   "}', 'invalid_value', 'name'],
    ['too long a name', `{"name":"${canary.repeat(20)}"}`, 'invalid_value', 'name'],
    ['NUL in a name', `{"name":"${canary}\\u0000"}`, 'invalid_value', 'name'],
    ['half a pair in a name', `{"name":"${canary}\\ud800"}`, 'invalid_value', 'name'],
    ['a line break in a name', `{"name":"${canary}\\n"}`, 'invalid_value', 'name'],
    ['bytes that are no UTF-8', bytes('{"name":"', 0xff, '"}'), 'invalid_utf8', null],
    ['a text for a flag', `{"name":"x","logging":"${canary}"}`, 'invalid_type', 'logging'],
    ['a number for a flag', '{"name":"x","logging":1}', 'invalid_type', 'logging'],
    ['a huge limit', '{"name":"x","monthly_limit":1e30}', 'invalid_value', 'monthly_limit'],
    ['a negative limit', '{"name":"x","monthly_limit":-1}', 'invalid_value', 'monthly_limit'],
    ['a limit with an exponent', '{"name":"x","monthly_limit":"1e3"}', 'invalid_value', 'monthly_limit'],
    ['a limit of words', `{"name":"x","monthly_limit":"${canary}"}`, 'invalid_value', 'monthly_limit'],
    ['a group that is no id', `{"name":"x","group_id":"${canary}"}`, 'invalid_value', 'group_id'],
    [
      'an unknown permission',
      `{"name":"x","permissions":{"manage":"${canary}"}}`,
      'invalid_value',
      'permissions',
    ],
    ['a deep body', `{"name":${'['.repeat(deep)}"${canary}"${']'.repeat(deep)}}`, 'invalid_type', 'name'],
  ];

  it.each(bodies)(
    'answers 400 to %s, naming the field and quoting nothing',
    async (_what, raw, code, param) => {
      const before = await versionNow(world);
      await takeAuditEvents(world);
      const { status, error, text } = await send('POST', '/v1/manage/apikey', raw);
      expect([status, error?.type, error?.code, error?.param]).toEqual([400, 'caller', code, param]);
      expect(text).not.toContain('canary');
      expect(await versionNow(world)).toBe(before);
      expect(await takeAuditEvents(world)).toEqual([]);
    },
  );

  it('answers 413 to a body that is too large', async () => {
    const { status, error } = await send('POST', '/v1/manage/apikey', `{"name":"${'a'.repeat(300_000)}"}`);
    expect([status, error?.code]).toEqual([413, 'body_too_large']);
  });

  it.each([
    ['label', { labels: { [canary.repeat(20)]: 'x' } }, 'labels'],
    ['label', { labels: { a: 7 } }, 'labels'],
    ['label', { labels: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, 'v'])) }, 'labels'],
    ['label', { labels: { a: 'x\u0000' } }, 'labels'],
    ['expiry', { expires_at: canary }, 'expires_at'],
    ['expiry', { expires_at: '2026-02-30T00:00:00Z' }, 'expires_at'],
    ['expiry', { expires_at: 17 }, 'expires_at'],
    ['limit', { monthly_limit: null }, 'monthly_limit'],
    ['limit', {}, 'monthly_limit'],
  ])('answers 400 to %s %j', async (route, body, param) => {
    const answer = await send('POST', `/v1/manage/apikey/${keyId}/${route}`, JSON.stringify(body));
    expect([answer.status, answer.error?.param]).toEqual([400, param]);
    expect(answer.text).not.toContain('canary');
  });

  it('takes labels that look like parts of an object', async () => {
    const labels = JSON.parse('{"__proto__":"a","constructor":"b"}');
    await send('POST', `/v1/manage/apikey/${keyId}/label`, JSON.stringify({ labels }));
    const { text } = await world.call('GET', `/v1/manage/apikey/${keyId}`, { token: org.admin.token });
    expect(text).toContain('"constructor":"b"');
  });

  it('says 404 and 405 without repeating the path', async () => {
    const missing = await world.call('GET', `/v1/manage/${canary}`, { token: org.admin.token });
    expect([missing.status, missing.error?.code]).toEqual([404, 'not_found']);
    expect(missing.text).not.toContain('canary');
    const method = await world.call('PUT', '/v1/manage/apikey', { token: org.admin.token });
    expect([method.status, method.headers.get('allow')]).toEqual([405, 'GET, POST']);
  });

  it('asks who is there before it reads anything', async () => {
    const { status } = await world.call('POST', '/v1/manage/apikey', { raw: 'no json' });
    expect(status).toBe(401);
  });

  it('is in no log line', () => {
    expect(world.logLines.join('')).not.toContain('canary');
  });
});
